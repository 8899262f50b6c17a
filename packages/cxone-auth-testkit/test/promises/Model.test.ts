import { HttpClient, HttpClientRequest, HttpRouter, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { CxoneSimulator, Fault, type FaultOn, type InjectedFault } from "cxone-auth-testkit"
import {
  Cause,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  FastCheck as fc,
  Layer,
  Option,
  Redacted,
  Scope,
  Supervisor,
  TestClock,
  TestContext
} from "effect"
import { seedUnless } from "../support/Seed.js"

/** 100 sequences in the ordinary run; MODEL_RUNS asks for more. */
const runs = Number(process.env.MODEL_RUNS ?? 100)

const faults = {
  respond: Fault.respond({ status: 503 }),
  reset: Fault.connectionReset,
  delay: Fault.delay("2 seconds"),
  blackHole: Fault.blackHole,
  truncated: Fault.truncatedBody,
  early: Fault.earlyAnswer({ status: 413 }),
  resetUpload: Fault.resetUpload
} satisfies Record<string, FaultOn["api"]>

type FaultName = keyof typeof faults

interface Selected {
  readonly path?: string | RegExp
  readonly method?: string
}

interface Injection extends Selected {
  readonly fault: FaultName
  readonly times: number
  /** In seconds. */
  readonly latency: number
}

interface Asked {
  readonly path: string
  readonly method: "GET" | "POST"
}

type Command =
  | { readonly tag: "ask"; readonly asked: Asked; readonly count: number }
  | { readonly tag: "inject"; readonly injection: Injection }
  | { readonly tag: "remove" | "abort"; readonly which: number }
  | { readonly tag: "await"; readonly more: number }
  | { readonly tag: "sleep"; readonly seconds: number }
  | { readonly tag: "clear faults" | "clear requests" | "refuse" | "close" }

const asked: fc.Arbitrary<Asked> = fc.record({
  path: fc.constantFrom("/a", "/b", "/slow"),
  method: fc.constantFrom("GET", "POST")
})

const selected: fc.Arbitrary<Selected> = fc.oneof(
  fc.constant({}),
  fc.record({ path: fc.constantFrom<string | RegExp>("/a", "/b", /^\/[ab]$/) }),
  fc.record({ method: fc.constantFrom("GET", "POST") }),
  fc.constant({ path: /slow/, method: "POST" })
)

const injection: fc.Arbitrary<Injection> = fc
  .tuple(
    selected,
    fc.record({
      fault: fc.constantFrom(...(Object.keys(faults) as ReadonlyArray<FaultName>)),
      times: fc.constantFrom(1, 1, 2, 3, Number.POSITIVE_INFINITY),
      latency: fc.constantFrom(0, 0, 1, 3)
    })
  )
  .map(([selector, rest]) => ({ ...selector, ...rest }))

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ tag: fc.constant("ask" as const), asked, count: fc.integer({ min: 1, max: 3 }) })
  },
  { weight: 18, arbitrary: fc.record({ tag: fc.constant("inject" as const), injection }) },
  { weight: 4, arbitrary: fc.record({ tag: fc.constant("abort" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant("remove" as const), which: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ tag: fc.constant("await" as const), more: fc.nat(4) }) },
  { weight: 10, arbitrary: fc.record({ tag: fc.constant("sleep" as const), seconds: fc.constantFrom(1, 2, 5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      tag: fc.constantFrom("clear faults" as const, "clear requests" as const, "refuse" as const)
    })
  },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant("close" as const) }) }
)

/** A request as it was recorded, and what its caller has. */
interface Seen {
  readonly recorded: ReadonlyArray<string>
  readonly callers: ReadonlyArray<string>
  /** How many requests may still take each fault. */
  readonly pending: ReadonlyArray<number>
  /** Whether each `awaitRequests` has ended. */
  readonly awaited: ReadonlyArray<boolean>
}

/** What must be seen, by a plain model: lists, and one clock. */
const predict = (commands: ReadonlyArray<Command>): { readonly seen: Seen; readonly closed: Seen } => {
  interface Request extends Asked {
    readonly number: number
    readonly fault: FaultName | undefined
    readonly arrivedAt: number
    readonly endsAt: number
    outcome: string
    caller: string
    isRecorded: boolean
  }
  const queue: Array<Injection & { taken: number; isGone: boolean }> = []
  const requests: Array<Request> = []
  const waiters: Array<{ readonly count: number; isDone: boolean }> = []
  let now = 0
  let arrived = 0
  let isClosed = false

  const fits = ({ isGone, method, path, taken, times }: (typeof queue)[number], { method: by, path: to }: Asked) =>
    !isGone &&
    taken < times &&
    (method ?? by) === by &&
    (path === undefined || path === to || (path instanceof RegExp && path.test(to)))
  const isLatency = ({ fault, times }: Injection) => fault === "delay" && times === Number.POSITIVE_INFINITY
  const waitOf = ({ fault, latency }: Injection) => latency + (fault === "delay" ? 2 : 0)

  const end = (request: Request) => {
    const [outcome, caller] = {
      respond: ["503", "503"],
      reset: ["reset", "RequestError"],
      delay: ["200", "200"],
      blackHole: ["pending", "pending"],
      truncated: ["200", "ResponseError"],
      early: ["413", "413"],
      resetUpload: ["reset", "RequestError"],
      none: ["200", "200"]
    }[request.fault ?? "none"] as [string, string]
    request.outcome = outcome
    request.caller = caller
  }
  const isOpen = ({ outcome }: Request) => outcome === "pending"
  const settle = () => requests.filter((request) => isOpen(request) && request.endsAt <= now).forEach(end)
  const breakAll = () =>
    requests.filter(isOpen).forEach((request) => {
      request.outcome = "aborted"
      request.caller = "RequestError"
    })

  const ask = (asked: Asked) => {
    const number = requests.length
    if (isClosed) {
      requests.push({
        ...asked,
        number,
        fault: undefined,
        arrivedAt: now,
        endsAt: now,
        outcome: "none",
        caller: "RequestError",
        isRecorded: false
      })
      return
    }
    const fitting = queue.filter((each) => fits(each, asked))
    const next = fitting.find((each) => !isLatency(each))
    const taken = [...fitting.filter(isLatency), ...(next === undefined ? [] : [next])]
    taken.forEach((each) => {
      each.taken += 1
    })
    const fault = (next ?? taken[0])?.fault
    const handles = fault === undefined || fault === "delay" || fault === "truncated"
    const wait = taken.reduce((total, each) => total + waitOf(each), 0) + (handles && asked.path === "/slow" ? 5 : 0)
    requests.push({
      ...asked,
      number,
      fault,
      arrivedAt: now,
      endsAt: fault === "blackHole" ? Number.POSITIVE_INFINITY : now + wait,
      outcome: "pending",
      caller: "pending",
      isRecorded: true
    })
    arrived += 1
    waiters
      .filter(({ count }) => arrived >= count)
      .forEach((waiter) => {
        waiter.isDone = true
      })
    settle()
  }

  const seen = (): Seen => ({
    recorded: requests
      .filter(({ isRecorded }) => isRecorded)
      .map(({ arrivedAt, fault, method, number, outcome, path }) => {
        const length = method === "GET" || fault === "early" || fault === "resetUpload" ? 0 : 3
        return `${method} ${path}?${number} at ${arrivedAt}: ${fault ?? "none"}, ${outcome}, ${length}`
      }),
    callers: requests.map(({ caller }) => caller),
    pending: queue.map(({ isGone, taken, times }) =>
      isGone ? 0 : times === Number.POSITIVE_INFINITY ? Number(taken === 0) : times - taken
    ),
    awaited: waiters.map(({ isDone }) => isDone)
  })

  for (const command of commands) {
    switch (command.tag) {
      case "ask":
        for (let count = 0; count < command.count; count++) ask(command.asked)
        break
      case "inject":
        queue.push({ ...command.injection, taken: 0, isGone: false })
        break
      case "remove": {
        const injected = queue[command.which]
        if (injected !== undefined) injected.isGone = true
        break
      }
      case "abort": {
        const request = requests[command.which]
        if (request !== undefined && isOpen(request)) {
          request.outcome = "aborted"
          request.caller = "interrupted"
        }
        break
      }
      case "await": {
        const count = arrived + command.more
        waiters.push({ count, isDone: arrived >= count })
        break
      }
      case "sleep":
        now += command.seconds
        settle()
        break
      case "clear faults":
        queue.forEach((injected) => {
          injected.isGone = true
        })
        break
      case "clear requests":
        arrived = 0
        requests.forEach((request) => {
          request.isRecorded = false
        })
        break
      case "refuse":
        breakAll()
        break
      case "close":
        breakAll()
        isClosed = true
    }
  }
  const before = seen()
  breakAll()
  return { seen: before, closed: seen() }
}

const api = HttpRouter.empty.pipe(
  HttpRouter.all("/a", HttpServerResponse.text("abc")),
  HttpRouter.all("/b", HttpServerResponse.text("abc")),
  HttpRouter.all("/slow", Effect.delay(HttpServerResponse.text("abc"), "5 seconds"))
)

/** Fibers that can run have run. */
const settled = Effect.repeatN(Effect.yieldNow(), 100)

const callerOf = (fiber: Fiber.RuntimeFiber<number, unknown>) =>
  Effect.map(Fiber.poll(fiber), (polled) =>
    Option.match(polled, {
      onNone: () => "pending",
      onSome: Exit.match({
        onSuccess: String,
        onFailure: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? "interrupted"
            : // Every failure here is one of the client's.
              Option.match(Cause.failureOption(cause), {
                onNone: () => Cause.pretty(cause),
                onSome: (error) => (error as { readonly _tag: string })._tag
              })
      })
    })
  )

const nameOf = (fault: Fault) => Object.entries(faults).find(([, each]) => each._tag === fault._tag)?.[0]

/** What is seen at the end, and again after the layer was closed; and how many fibers are left then. */
const play = (commands: ReadonlyArray<Command>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(CxoneSimulator.layerMemory({ api }), scope)
    const simulator = Context.get(context, CxoneSimulator)
    const http = Context.get(context, HttpClient.HttpClient)
    const token = yield* HttpClientRequest.post(simulator.environment.tokenEndpoint).pipe(
      HttpClientRequest.bodyUrlParams({
        grant_type: "client_credentials",
        client_id: simulator.credentials.clientId,
        client_secret: Redacted.value(simulator.credentials.clientSecret)
      }),
      http.execute,
      Effect.flatMap(({ json }) => json),
      // The simulator answers a good request with a token.
      Effect.map((json) => (json as { readonly access_token: string }).access_token)
    )
    yield* simulator.clearRequests

    const supervisor = yield* Supervisor.track
    const callers: Array<Fiber.RuntimeFiber<number, unknown>> = []
    const injected: Array<InjectedFault> = []
    const waiters: Array<Fiber.RuntimeFiber<void>> = []

    const ask = ({ method, path }: Asked) =>
      HttpClientRequest.make(method)(`${simulator.origin}${path}?${callers.length}`).pipe(
        HttpClientRequest.bearerToken(token),
        method === "POST" ? HttpClientRequest.bodyText("abc") : (request) => request,
        http.execute,
        Effect.flatMap((response) => Effect.as(response.text, response.status)),
        Effect.fork,
        Effect.map((fiber) => callers.push(fiber))
      )

    const run = (command: Command): Effect.Effect<unknown> => {
      switch (command.tag) {
        case "ask":
          return Effect.replicateEffect(
            Effect.suspend(() => ask(command.asked)),
            command.count
          )
        case "inject": {
          const { fault, latency, ...options } = command.injection
          return Effect.map(
            simulator.inject(faults[fault], { on: "api", latency: Duration.seconds(latency), ...options }),
            (handle) => injected.push(handle)
          )
        }
        case "remove":
          return injected[command.which]?.remove ?? Effect.void
        case "abort": {
          const caller = callers[command.which]
          return caller === undefined ? Effect.void : Fiber.interrupt(caller)
        }
        case "await":
          return Effect.flatMap(simulator.requestsTo("api"), ({ length }) =>
            Effect.map(Effect.fork(simulator.awaitRequests("api", length + command.more)), (fiber) =>
              waiters.push(fiber)
            )
          )
        case "sleep":
          return TestClock.adjust(Duration.seconds(command.seconds))
        case "clear faults":
          return simulator.clearFaults
        case "clear requests":
          return simulator.clearRequests
        case "refuse":
          return Effect.scoped(simulator.refuseConnections)
        case "close":
          return Scope.close(scope, Exit.void)
      }
    }

    const seen = Effect.gen(function* () {
      const requests = yield* simulator.requestsTo("api")
      return {
        recorded: requests.map(({ bodyLength, fault, method, outcome, status, time, url }) => {
          const name = Option.match(fault, { onNone: () => "none", onSome: nameOf })
          const end = Option.match(status, { onNone: () => outcome, onSome: String })
          return `${method} ${url} at ${time / 1000}: ${name}, ${end}, ${bodyLength}`
        }),
        callers: yield* Effect.forEach(callers, callerOf),
        pending: yield* Effect.forEach(injected, ({ pending }) => pending),
        awaited: yield* Effect.forEach(waiters, (fiber) => Effect.map(Fiber.poll(fiber), Option.isSome))
      }
    })

    const [before, closed] = yield* Effect.gen(function* () {
      yield* Effect.forEach(commands, (command) => Effect.zipRight(run(command), settled), { discard: true })
      const before = yield* seen
      yield* Scope.close(scope, Exit.void)
      yield* settled
      return [before, yield* seen] as const
    }).pipe(Effect.supervised(supervisor))

    yield* Fiber.interruptAll(waiters)
    yield* settled
    const fibers = yield* supervisor.value
    return { seen: before, closed, fibersLeft: fibers.length }
  }).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise)

it(
  `in memory, ${runs} random orders of requests, faults, aborts, clears and closes go as in a plain model, and leave nothing`,
  async () => {
    const reached: Record<string, number> = {}
    const property = fc.asyncProperty(fc.array(command, { maxLength: 40, size: "max" }), async (commands) => {
      const played = await play(commands)
      expect(played).toEqual({ ...predict(commands), fibersLeft: 0 })
      for (const outcome of played.closed.recorded.map((line) => line.split(", ")[1] ?? "")) {
        reached[outcome] = (reached[outcome] ?? 0) + 1
      }
    })
    await fc.assert(property, { numRuns: runs, ...seedUnless(process.env.MODEL_RUNS) })
    // Each end must be reached often enough, because a model that sees nothing objects to nothing.
    const rare = ["200", "413", "503", "reset", "aborted"].filter((outcome) => (reached[outcome] ?? 0) < runs / 10)
    expect(rare, JSON.stringify(reached)).toEqual([])
  },
  10 * 60_000
)
