import { Clock, Duration, Effect, type Exit, FiberRef, type Scheduler } from "effect"

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/** Timers in the order in which they fire: by time, and then in the order in which they were set. */
class Timers {
  private readonly timers: Array<Timer> = []

  set(timer: Timer): void {
    let from = 0
    for (let to = this.timers.length; from < to; ) {
      const middle = (from + to) >>> 1
      const other = this.timers[middle]
      if (other !== undefined && other.at <= timer.at) {
        from = middle + 1
      } else {
        to = middle
      }
    }
    this.timers.splice(from, 0, timer)
  }

  unset(timer: Timer): void {
    const index = this.timers.indexOf(timer)
    if (index !== -1) {
      this.timers.splice(index, 1)
    }
  }

  next(): Timer | undefined {
    return this.timers.shift()
  }
}

/** Runs a program, and yields each time that no fiber can run before the next timer. Then the clock jumps to that timer. */
function* play<A, E>(program: Effect.Effect<A, E>): Generator<void, Exit.Exit<A, E>> {
  const tasks: Array<() => void> = []
  const timers = new Timers()
  let now = 0

  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) =>
      fiber.currentOpCount > fiber.getFiberRef(FiberRef.currentMaxOpsBeforeYield)
        ? fiber.getFiberRef(FiberRef.currentSchedulingPriority)
        : false,
    scheduleTask: (task) => {
      tasks.push(task)
    }
  }

  const sleep = (duration: Duration.Duration) =>
    Effect.async<void>((resume) => {
      const timer: Timer = { at: now + Duration.toMillis(duration), fire: () => resume(Effect.void) }
      timers.set(timer)
      return Effect.sync(() => timers.unset(timer))
    })

  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(Math.round(now * 1e6)),
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round(now * 1e6))),
    sleep
  }

  let exit: Exit.Exit<A, E> | undefined
  Effect.runFork(Effect.withClock(program, clock), { scheduler }).addObserver((end) => {
    exit = end
  })
  while (true) {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      task()
    }
    if (exit !== undefined) {
      return exit
    }
    yield
    if (tasks.length > 0) {
      continue
    }
    const timer = timers.next()
    if (timer === undefined) {
      throw new Error("The program waits for something outside of virtual time")
    }
    now = timer.at
    timer.fire()
  }
}

/**
 * Runs a program in virtual time: whenever no fiber can run, the clock jumps to the next timer. `TestClock` does the same,
 * but takes milliseconds for each jump, and a day of traffic has 20,000 of them. The program may not wait for a Promise
 * or a socket.
 */
export const run = <A, E>(program: Effect.Effect<A, E>): Exit.Exit<A, E> => {
  const turns = play(program)
  while (true) {
    const turn = turns.next()
    if (turn.done) {
      return turn.value
    }
  }
}

/**
 * {@link run} for a program that may also wait for WebCrypto. The clock jumps only when no call of it is pending, so
 * encryption takes no virtual time. One such program may run at a time.
 */
export const runWithCrypto = async <A, E>(program: Effect.Effect<A, E>): Promise<Exit.Exit<A, E>> => {
  const crypto = watchCrypto()
  try {
    const turns = play(program)
    while (true) {
      const turn = turns.next()
      if (turn.done) {
        return turn.value
      }
      while (crypto.isPending()) {
        await turnOfTheEventLoop()
      }
    }
  } finally {
    crypto.restore()
  }
}

const turnOfTheEventLoop = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Counts the pending calls of WebCrypto. Results come in the order of the calls, whichever is ready first, so that a program
 * with seeded random numbers does the same each time.
 */
const watchCrypto = () => {
  const { subtle } = globalThis.crypto
  let pending = 0
  let last: Promise<unknown> = Promise.resolve()

  const inOrder = async (result: Promise<unknown>, before: Promise<unknown>) => {
    pending += 1
    await Promise.allSettled([before, result])
    pending -= 1
    return result
  }
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(subtle)).flatMap((name) => {
    const method: unknown = Reflect.get(subtle, name)
    return name !== "constructor" && typeof method === "function" ? [[name, method] as const] : []
  })
  for (const [name, method] of methods) {
    Object.defineProperty(subtle, name, {
      configurable: true,
      value: (...args: ReadonlyArray<unknown>) => {
        last = inOrder(Reflect.apply(method, subtle, args), last)
        return last
      }
    })
  }
  return {
    isPending: () => pending > 0,
    // The methods are those of the prototype again.
    restore: () => methods.forEach(([name]) => void Reflect.deleteProperty(subtle, name))
  }
}
