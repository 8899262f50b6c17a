import { HttpClient } from "@effect/platform"
import { type AccessToken, Credentials, CxoneAuth, type CxoneAuthError, CxoneEnvironment } from "cxone-auth"
import {
  Cause,
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  FastCheck as fc,
  Layer,
  Option,
  Random,
  Redacted,
  Scope
} from "effect"
import * as VirtualTime from "../support/VirtualTime.js"
import * as Provider from "./Provider.js"
import { type Outcome, Recorder, type Timed } from "./Trace.js"

type Given = "A" | "B" | "A, then B" | "B, then A" | "unavailable"

export type Command =
  | {
      readonly tag: "call"
      readonly scopes: string
      readonly count: number
      /** After how many ms the caller ends by itself; never if `undefined`. */
      readonly leavesAfter: number | undefined
      readonly leavesBy: "interruption" | "time-out"
    }
  | { readonly tag: "sleep"; readonly millis: number }
  | { readonly tag: "provider"; readonly change: Partial<Provider.Behaviour> }
  /** `latency` is how long reading the credentials takes, in ms; the library waits for 10 s. */
  | { readonly tag: "give"; readonly credentials: Given; readonly latency: number }
  | { readonly tag: "invalidate"; readonly scopes: string; readonly isOld: boolean }
  | { readonly tag: "close" }

const minute = 60_000
const hour = 60 * minute

const scopes = fc.constantFrom("a", "a", "a b", "b a", "a  b b")
const moods = fc.constantFrom<Provider.Behaviour["mood"]>(
  "up",
  "up",
  "up",
  "503",
  "reset",
  "limited",
  "junk",
  "403",
  "scope",
  "same",
  "ended"
)

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      tag: fc.constant("call" as const),
      scopes,
      count: fc.integer({ min: 1, max: 3 }),
      leavesAfter: fc.option(fc.constantFrom(0, 1, 400, 5_000), { nil: undefined, freq: 4 }),
      leavesBy: fc.constantFrom("interruption" as const, "time-out" as const)
    })
  },
  {
    weight: 30,
    arbitrary: fc.record({
      tag: fc.constant("sleep" as const),
      // Mostly times that lead into a refresh window, past a margin or past a memory, because little happens elsewhere.
      millis: fc.constantFrom(
        0,
        1,
        300,
        900,
        2_000,
        10_000,
        30_000,
        minute,
        4 * minute,
        50 * minute,
        54.2 * minute,
        hour
      )
    })
  },
  {
    weight: 20,
    arbitrary: fc.record({
      tag: fc.constant("provider" as const),
      change: fc.record(
        {
          mood: moods,
          latency: fc.constantFrom(0, 0, 1, 500, 3_000, 9_999, 20_000),
          lifetime: fc.constantFrom(3600, 3600, 1800, 60, 5, 1, undefined),
          retryAfter: fc.constantFrom(undefined, 0, 1, 20, 59, 100, 999_999),
          accepts: fc.constantFrom("A", "A", "B", "neither")
        },
        { requiredKeys: [] }
      )
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      tag: fc.constant("give" as const),
      credentials: fc.constantFrom<Given>("A", "B", "A, then B", "B, then A", "unavailable"),
      latency: fc.constantFrom(0, 0, 0, 2_000, 20_000)
    })
  },
  { weight: 5, arbitrary: fc.record({ tag: fc.constant("invalidate" as const), scopes, isOld: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ tag: "close" as const }) }
)

const stay = { tag: "call", scopes: "a", count: 1, leavesAfter: undefined, leavesBy: "interruption" } as const

/** Into the refresh window of a token, with the provider in this mood. Random commands seldom lead there. */
const intoWindow: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .tuple(
    moods,
    fc.constantFrom(53.6 * minute, 54.5 * minute, 57 * minute, 59 * minute),
    fc.constantFrom(0, 700, 20_000, 4 * minute)
  )
  .map(([mood, millis, more]) => [
    { tag: "provider", change: { mood: "up", accepts: "A", lifetime: 3600, latency: 0 } },
    { tag: "give", credentials: "A, then B", latency: 0 },
    stay,
    { tag: "sleep", millis },
    { tag: "provider", change: { mood } },
    stay,
    { tag: "sleep", millis: more }
  ])

/** One probe after the other is refused, up to the longest memory of a refusal: 30 s, 1, 2, 4, and 5 min. */
const refusedAgain: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .constantFrom("A" as const, "A, then B" as const)
  .map((credentials) => [
    { tag: "provider", change: { mood: "up", accepts: "neither", latency: 0 } },
    { tag: "give", credentials, latency: 0 },
    ...[0.5, 1, 2, 4, 5].flatMap(
      (minutes): ReadonlyArray<Command> => [stay, { tag: "sleep", millis: minutes * minute }]
    ),
    stay
  ])

/** A call that comes while a 429 to another call counts, with this much of its time left. */
const behindAGate: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .tuple(fc.constantFrom(20, 59, 100, 999_999), fc.constantFrom(0, 10_000, 45_000))
  .map(([retryAfter, millis]) => [
    { tag: "sleep", millis: hour },
    { tag: "give", credentials: "A", latency: 0 },
    { tag: "provider", change: { mood: "limited", accepts: "A", retryAfter, latency: 0 } },
    { ...stay, scopes: "a b" },
    { tag: "sleep", millis: 1 },
    { tag: "provider", change: { mood: "up" } },
    { tag: "sleep", millis },
    stay
  ])

/** Callers who ask again and again, for two sets of scopes, whatever the provider answers. */
const insistent: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .record({
    mood: fc.constantFrom<Provider.Behaviour["mood"]>("503", "limited", "junk", "403", "scope", "ended", "up"),
    accepts: fc.constantFrom("A", "neither"),
    retryAfter: fc.constantFrom(undefined, undefined, 0, 3, 100),
    pause: fc.constantFrom(100, 700, 3_000)
  })
  .map(({ pause, ...change }) => [
    { tag: "give", credentials: "A", latency: 0 },
    { tag: "provider", change: { ...change, latency: 0, lifetime: 3600 } },
    ...Array.from(
      { length: 20 },
      (): ReadonlyArray<Command> => [stay, { ...stay, scopes: "a b" }, { tag: "sleep", millis: pause }]
    ).flat(),
    { tag: "provider", change: { mood: "up", accepts: "A" } }
  ])

/** Many 429s without a Retry-After in a row; then a token; and when that has ended, one more such 429. */
const limitedAgain: fc.Arbitrary<ReadonlyArray<Command>> = fc.constant([
  { tag: "give", credentials: "A", latency: 0 },
  { tag: "provider", change: { mood: "limited", accepts: "A", lifetime: 3600, retryAfter: undefined, latency: 0 } },
  stay,
  { tag: "sleep", millis: minute },
  { tag: "provider", change: { mood: "up" } },
  stay,
  { tag: "sleep", millis: hour },
  { tag: "provider", change: { mood: "limited" } },
  stay,
  { tag: "sleep", millis: 900 },
  { tag: "provider", change: { mood: "up" } },
  { tag: "sleep", millis: 900 }
])

export const story: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .array(
    fc.oneof(
      { weight: 24, arbitrary: command.map((one): ReadonlyArray<Command> => [one]) },
      { weight: 2, arbitrary: intoWindow },
      { weight: 1, arbitrary: fc.oneof(refusedAgain, behindAGate, limitedAgain, insistent) }
    ),
    { minLength: 4, maxLength: 40, size: "max" }
  )
  .map((parts) => parts.flat())

const clientSecret = (secret: string) =>
  Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make(secret) })

const credentialsOf = (given: Exclude<Given, "unavailable">) => {
  const [current = "", next] = given.split(", then ")
  return next === undefined
    ? clientSecret(current)
    : Credentials.rotating({ current: clientSecret(current), next: clientSecret(next) })
}

const outcomeOf = (exit: Exit.Exit<AccessToken, CxoneAuthError>, now: number): Outcome =>
  Exit.match(exit, {
    onSuccess: ({ obtainedAt, requestedScopes, value }) => ({
      tag: "token",
      value: Redacted.value(value),
      obtainedAt,
      scopes: requestedScopes.join(" ")
    }),
    onFailure: (cause) => {
      if (Cause.isInterruptedOnly(cause)) return { tag: "interrupted" }
      return Option.match(Cause.failureOption(cause), {
        onNone: () => ({ tag: "defect", text: Cause.pretty(cause) }),
        onSome: (error) => ({
          tag: "error",
          error: error._tag,
          until:
            error._tag === "InvalidClient" ? error.retryAfter && now + Duration.toMillis(error.retryAfter) : undefined,
          attempts: "attempts" in error ? Number(error.attempts) : 0
        })
      })
    }
  })

const setOf = (scopes: string): string =>
  Array.from(new Set(scopes.split(/ +/)))
    .sort()
    .join(" ")

/** Runs a real `CxoneAuth` through these commands in virtual time, and gives the trace. */
export const play = (commands: ReadonlyArray<Command>, seed: number): ReadonlyArray<Timed> => {
  const recorder = new Recorder()
  const world = { behaviour: Provider.wellBehaved, given: "A" as Given, vault: 0, calls: 0 }
  const received: Array<AccessToken> = []

  const credentials = Effect.gen(function* () {
    const askedAt = yield* Clock.currentTimeMillis
    const { given, vault } = world
    const conclude = (secrets: ReadonlyArray<string> | undefined) =>
      Effect.map(Clock.currentTimeMillis, (now) => recorder.record(now, { tag: "read", askedAt, secrets }))
    yield* Effect.onInterrupt(Effect.sleep(vault), () => conclude(undefined))
    yield* conclude(given === "unavailable" ? undefined : given.split(", then "))
    return yield* given === "unavailable" ? Effect.fail("the vault is sealed") : Effect.succeed(credentialsOf(given))
  })

  const call = (auth: typeof CxoneAuth.Service, { leavesAfter, leavesBy, scopes }: Extract<Command, { tag: "call" }>) =>
    Effect.gen(function* () {
      const id = ++world.calls
      const leave = Effect.map(Clock.currentTimeMillis, (now) => recorder.record(now, { tag: "leave", id }))
      const access = Effect.suspend(() => auth.accessTokenFor(scopes)).pipe(
        Effect.onExit((exit) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            if (Exit.isSuccess(exit)) received.push(exit.value)
            recorder.record(now, { tag: "end", id, outcome: outcomeOf(exit, now) })
          })
        )
      )
      recorder.record(yield* Clock.currentTimeMillis, { tag: "call", id, scopes: setOf(scopes) })
      if (leavesAfter === undefined) return yield* Effect.exit(access)
      const end = Effect.zipRight(Effect.sleep(leavesAfter), leave)
      if (leavesBy === "time-out") return yield* Effect.exit(Effect.raceFirst(access, end))
      const fiber = yield* Effect.fork(access)
      yield* Effect.zipRight(end, Fiber.interrupt(fiber))
    })

  const step = (command: Command, auth: typeof CxoneAuth.Service, layer: Scope.CloseableScope) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      switch (command.tag) {
        case "call":
          for (let n = 0; n < command.count; n++) yield* Effect.forkDaemon(call(auth, command))
          return yield* Effect.yieldNow()
        case "sleep":
          return yield* Effect.sleep(command.millis)
        case "provider":
          world.behaviour = { ...world.behaviour, ...command.change }
          return
        case "give":
          world.given = command.credentials
          world.vault = command.latency
          return
        case "invalidate": {
          const known = received.filter(({ requestedScopes }) => requestedScopes.join(" ") === setOf(command.scopes))
          const token = command.isOld ? known.at(0) : known.at(-1)
          if (token === undefined) return
          recorder.record(now, { tag: "invalidate", scopes: setOf(command.scopes), value: Redacted.value(token.value) })
          return yield* auth.invalidate(token)
        }
        case "close":
          recorder.record(now, { tag: "close" })
          return yield* Scope.close(layer, Exit.void)
      }
    })

  const program = Effect.gen(function* () {
    const layer = yield* Scope.make()
    const http = Layer.succeed(
      HttpClient.HttpClient,
      Provider.make(recorder, () => world.behaviour)
    )
    const environment = CxoneEnvironment.custom({
      tokenEndpoint: "https://cxone.test/oauth/token",
      apiBaseUrl: "https://cxone.test"
    })
    const context = yield* Layer.build(
      Layer.provide(CxoneAuth.layer({ credentials, environment, scopes: "a" }), http)
    ).pipe(Scope.extend(layer))
    const auth = Context.get(context, CxoneAuth)
    for (const command of commands) {
      yield* step(command, auth, layer)
      const now = yield* Clock.currentTimeMillis
      for (const { failingSince, lastFailure, scopes, secondsToExpiry, state } of yield* auth.status) {
        const told = { state, secondsToExpiry, lastFailure, failingSince }
        recorder.record(now, { tag: "status", scopes: scopes.join(" "), ...told })
      }
    }
    world.behaviour = Provider.wellBehaved
    world.given = "A"
    world.vault = 0
    recorder.record(yield* Clock.currentTimeMillis, { tag: "settle" })
    yield* Effect.sleep(15 * minute)
    yield* Scope.close(layer, Exit.void)
  })

  const exit = VirtualTime.run(Effect.withRandom(program, Random.make(seed)))
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return recorder.events
}
