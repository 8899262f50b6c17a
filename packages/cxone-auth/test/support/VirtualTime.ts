import { Clock, Duration, Effect, type Exit, FiberRef, type Scheduler } from "effect"

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/**
 * Runs a program in virtual time: whenever no fiber can run, the clock jumps to the next timer. `TestClock` does the same,
 * but takes milliseconds for each jump, and a day of traffic has 20,000 of them. The program may not wait for a Promise
 * or a socket.
 */
export const run = <A, E>(program: Effect.Effect<A, E>): Exit.Exit<A, E> => {
  const tasks: Array<() => void> = []
  const timers: Array<Timer> = []
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
      const later = timers.findIndex(({ at }) => at > timer.at)
      timers.splice(later === -1 ? timers.length : later, 0, timer)
      return Effect.sync(() => {
        const index = timers.indexOf(timer)
        if (index !== -1) {
          timers.splice(index, 1)
        }
      })
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
  while (exit === undefined) {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      task()
    }
    const timer = timers.shift()
    if (timer !== undefined) {
      now = timer.at
      timer.fire()
    } else if (exit === undefined && tasks.length === 0) {
      throw new Error("The program waits for something outside of virtual time")
    }
  }
  return exit
}
