/** Random lives of a fleet: processes with wrong clocks over a store that fails, and what may never happen to them. */
import { type AccessToken, TokenPolicy, type TokenPolicyOptions } from "cxone-auth"
import { Cause, Duration, Effect, Either, Exit, FastCheck as fc, Logger, Random, Redacted } from "effect"
import { PCGRandom } from "effect/Utils"
import * as FaultyPlace from "../support/FaultyPlace.js"
import * as FleetWorld from "../support/FleetWorld.js"
import * as VirtualTime from "../support/VirtualTime.js"

const second = 1_000
const minute = 60 * second

export interface Member {
  /** How far its clock is ahead, in milliseconds. */
  readonly ahead: number
  readonly startsAt: number
  /** It makes no call for up to this long. */
  readonly longestPause: number
  /** The part of its tokens that the API refuses. */
  readonly refused: number
}

export interface Story {
  readonly members: ReadonlyArray<Member>
  /** Which faults an operation may meet, and for how long. */
  readonly weather: ReadonlyArray<{ readonly faults: ReadonlyArray<FaultyPlace.Fault>; readonly lasts: number }>
  /** How long an exchange takes. */
  readonly latency: number
  readonly seed: number
}

/** A call for a token. Times are those of the provider, in milliseconds. */
export interface Call {
  readonly member: number
  readonly from: number
  readonly to: number
  /** The token's text; the failure, if there is none. */
  readonly result: Either.Either<string, string>
  /** How many operations of the store this process began meanwhile. */
  readonly operations: number
  /** Whether the first of these was the first one of the process. */
  readonly isFirst: boolean
}

export interface Life {
  readonly calls: ReadonlyArray<Call>
  readonly exchanges: ReadonlyArray<FleetWorld.Exchange>
  readonly issued: ReadonlyMap<string, number>
  /** Which process has refused which token, and when. */
  readonly refusals: ReadonlyArray<{ readonly member: number; readonly value: string; readonly at: number }>
  readonly lasted: number
}

/** Tokens live for ten minutes, so that an hour has many renewals. */
const lifetime = 10 * minute
const policy: TokenPolicyOptions = { maxWait: "1 second", maxRetries: 0, attemptTimeout: "5 seconds" }

/** What an exchange may take with this policy, and so how long a process waits for that of another. */
const patience = 6 * second

/** What is healthy: a store that may be slow, and fails nothing. */
const healthy: ReadonlyArray<FaultyPlace.Fault> = ["none", "slow"]

const member = (refused: fc.Arbitrary<number>): fc.Arbitrary<Member> =>
  fc.record({
    ahead: fc.integer({ min: -10 * minute, max: 10 * minute }),
    startsAt: fc.constantFrom(0, 0, 50, 1_000, minute, 9 * minute),
    longestPause: fc.constantFrom(10 * second, 30 * second, minute, 4 * minute),
    refused
  })

const storyOf = (
  faults: fc.Arbitrary<ReadonlyArray<FaultyPlace.Fault>>,
  members: { readonly minLength: number; readonly maxLength: number },
  refused: fc.Arbitrary<number>
): fc.Arbitrary<Story> =>
  fc.record({
    members: fc.array(member(refused), members),
    weather: fc.array(
      fc.record({ faults, lasts: fc.constantFrom(second, 10 * second, minute, 5 * minute, 15 * minute) }),
      { minLength: 1, maxLength: 4 }
    ),
    latency: fc.constantFrom(0, 200, 3 * second),
    seed: fc.integer()
  })

const some = (faults: ReadonlyArray<FaultyPlace.Fault>) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(healthy) },
    { weight: 3, arbitrary: fc.array(fc.constantFrom(...faults), { minLength: 1, maxLength: 4 }) }
  )

const seldom = fc.constantFrom(0, 0.01, 0.1)

/** Any fleet, over a store with any fault. */
export const anyStory = storyOf(some(FaultyPlace.faults), { minLength: 2, maxLength: 4 }, seldom)

/** Any fleet over a store that has no fault. */
export const healthyStory = storyOf(fc.constant(healthy), { minLength: 2, maxLength: 4 }, seldom)

/** One process that nobody else keeps waiting, over a store with any fault but those that make it seem so. */
export const loneStory = storyOf(
  some(FaultyPlace.faults.filter((fault) => fault !== "held" && fault !== "loses")),
  { minLength: 1, maxLength: 1 },
  seldom
)

/** Runs real processes through a story in virtual time. */
export const play = async ({ latency, members, seed, weather }: Story): Promise<Life> => {
  const calls: Array<Call> = []
  const refusals: Array<Life["refusals"][number]> = []
  const lasted = 15 * minute + weather.reduce((sum, { lasts }) => sum + lasts, 0)
  let faults: ReadonlyArray<FaultyPlace.Fault> = healthy

  const process = Effect.fnUntraced(function* (
    number: number,
    { ahead, longestPause, refused, startsAt }: Member,
    endpoint: FleetWorld.Endpoint,
    place: FleetWorld.Place
  ) {
    const random = new PCGRandom(seed + number)
    const truth = yield* Effect.clock
    const clock = yield* FleetWorld.skewed(ahead)
    let operations = 0
    const store = FaultyPlace.faulty(
      place,
      () => faults,
      () => random.number(),
      () => {
        operations += 1
      }
    )
    yield* Effect.sleep(startsAt)
    yield* Effect.gen(function* () {
      const { accessToken, invalidate } = yield* FleetWorld.start({ endpoint, place: store, policy })
      const call = Effect.fnUntraced(function* () {
        const before = operations
        const from = truth.unsafeCurrentTimeMillis()
        const exit = yield* Effect.exit(accessToken)
        const to = truth.unsafeCurrentTimeMillis()
        const result = Exit.match(exit, {
          onFailure: (cause) => Either.left(Cause.pretty(cause)),
          onSuccess: ({ value }) => Either.right(Redacted.value(value))
        })
        calls.push({ member: number, from, to, result, operations: operations - before, isFirst: before === 0 })
        return exit
      })
      const refuse = (token: AccessToken) => {
        refusals.push({ member: number, value: Redacted.value(token.value), at: truth.unsafeCurrentTimeMillis() })
        return invalidate(token)
      }
      while (truth.unsafeCurrentTimeMillis() < lasted) {
        const together = random.number() < 0.1 ? 3 : 1
        const exits = yield* Effect.all(
          Array.from({ length: together }, () => call()),
          { concurrency: "unbounded" }
        )
        const token = exits.find(Exit.isSuccess)
        if (token !== undefined && random.number() < refused) {
          yield* refuse(token.value)
        }
        yield* Effect.sleep(random.number() * longestPause)
      }
    }).pipe(Effect.scoped, Effect.withClock(clock), Effect.withRandom(Random.make(seed + number)))
  })

  const program = Effect.gen(function* () {
    const endpoint = yield* FleetWorld.makeEndpoint
    endpoint.latency = latency
    endpoint.lifetime = lifetime
    const place = yield* FleetWorld.makePlace
    const changing = Effect.gen(function* () {
      for (const each of weather) {
        faults = each.faults
        yield* Effect.sleep(each.lasts)
      }
      faults = healthy
    })
    yield* Effect.all([changing, ...members.map((each, index) => process(index, each, endpoint, place))], {
      concurrency: "unbounded",
      discard: true
    })
    return { calls, exchanges: endpoint.exchanges, issued: endpoint.issued, refusals, lasted }
  })
  const exit = await VirtualTime.runWithCrypto(Effect.provide(program, Logger.remove(Logger.defaultLogger)))
  return Exit.getOrElse(exit, (cause) => {
    throw new Error(Cause.pretty(cause))
  })
}

const at = (millis: number) => `${(millis / second).toFixed(3)} s`

/** A stored token may seem to live longer by the time that its writing took. */
const longestWrite = 250

/** What no store may do to a call. `waits` says how long the call may take. */
export const objections = (
  { latency }: Story,
  { calls, issued, refusals }: Life,
  waits: "alone" | "for others"
): ReadonlyArray<string> => {
  const margin = Math.min(Duration.toMillis(TokenPolicy.defaults.expiryMargin), lifetime / 10)
  return calls.flatMap((call) => {
    const who = `process ${call.member} at ${at(call.from)}`
    const budgets = 250 * call.operations + (call.isFirst ? 750 : 0)
    const longest = latency + budgets + (waits === "alone" ? 0 : patience)
    const waited = call.to - call.from
    return [
      ...(waited > longest + 1 ? [`L11: ${who} waited ${at(waited)}, but at most ${at(longest)}`] : []),
      ...Either.match(call.result, {
        onLeft: (failure) => [`L11: ${who} failed: ${failure}`],
        onRight: (value) => {
          const end = issued.get(value)
          const refused = refusals.find((each) => each.member === call.member && each.value === value)
          return [
            ...(end === undefined ? [`${who} got a token that was never issued: ${value}`] : []),
            ...(end !== undefined && call.to > end - margin + longestWrite
              ? [`L1: ${who} got ${value} past its margin, which began at ${at(end - margin)}`]
              : []),
            ...(refused !== undefined && refused.at < call.from
              ? [`F6: ${who} got ${value}, which it refused at ${at(refused.at)}`]
              : [])
          ]
        }
      })
    ]
  })
}

/** What may not happen while the store is healthy. */
export const objectionsIfHealthy = ({ exchanges, lasted, refusals }: Life): ReadonlyArray<string> => {
  const window = Math.min(Duration.toMillis(TokenPolicy.defaults.refreshAhead), lifetime / 5)
  const margin = Math.min(Duration.toMillis(TokenPolicy.defaults.expiryMargin), lifetime / 10)
  const shortest = lifetime - margin - window * (1 + TokenPolicy.defaults.refreshAheadJitter)
  const most = Math.ceil(lasted / shortest) + 1 + refusals.length
  const together = exchanges.flatMap(({ sentAt }, index) => {
    const before = exchanges.slice(0, index).find(({ endedAt }) => endedAt === undefined || endedAt > sentAt)
    return before === undefined ? [] : [`F1: two exchanges at once, from ${at(before.sentAt)} and ${at(sentAt)}`]
  })
  return [...together, ...(exchanges.length > most ? [`F1: ${exchanges.length} exchanges, but at most ${most}`] : [])]
}

/** What happened, for a person. */
export const show = ({ calls, exchanges, refusals }: Life): string =>
  [
    ...exchanges.map((each) => ({ time: each.sentAt, text: `exchange until ${at(each.endedAt ?? Infinity)}` })),
    ...refusals.map((each) => ({ time: each.at, text: `process ${each.member} refuses ${each.value}` })),
    ...calls
      .filter(({ from, to }) => to > from)
      .map((each) => ({
        time: each.from,
        text: `process ${each.member} waits ${at(each.to - each.from)} for ${Either.merge(each.result)}`
      }))
  ]
    .sort((one, other) => one.time - other.time)
    .map(({ text, time }) => `${at(time).padStart(12)}  ${text}`)
    .join("\n")
