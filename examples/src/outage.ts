/** The identity provider is down for a while, and no call fails. In real time, with tokens that live for a few seconds. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, defaultClient, Fault, type FaultOn } from "cxone-auth-testkit"
import { Array, Cause, Clock, Config, Console, Duration, Effect, Layer, Option, Ref, Schedule, Schema } from "effect"
import { exitWithFailure, withoutWarnings } from "./support/print.js"
import * as Timeline from "./support/Timeline.js"

const callEvery = Duration.millis(20)
const rowEvery = Duration.millis(500)

// Seconds here stand for minutes in production: a token lives for 6 s instead of an hour.
const SimulatorLayer = CxoneSimulator.layerServer({ clients: [{ ...defaultClient, tokenLifetime: "6 seconds" }] })

const AuthLayer = CxoneSimulator.layerAuth({
  scopes: "read:users",
  policy: {
    // A token is handed out for 5.7 s of its 6 s. The renewal starts at least 3.9 s before these 5.7 s are over. So an outage of less than
    // 3.9 s goes unnoticed, whenever it begins. By default, with tokens of an hour, that is 5 minutes.
    expiryMarginFraction: 0.05,
    refreshAheadFraction: 0.65,
    refreshAheadJitter: 0.05,
    maxRetries: 1,
    retryDelay: "150 millis",
    maxRetryDelay: "400 millis",
    attemptTimeout: "1 second"
  }
})

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(AuthLayer),
  Layer.provideMerge(SimulatorLayer),
  Layer.provide(FetchHttpClient.layer),
  Layer.provideMerge(withoutWarnings)
)

const User = Schema.Struct({ name: Schema.String })

const call = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  return yield* Effect.flatMap(cxone.get("/api/v2/users/me"), HttpClientResponse.schemaBodyJson(User))
})

// Bugs count as failures, too.
const tagOf = (cause: Cause.Cause<{ readonly _tag: string }>): string =>
  Option.match(Cause.failureOption(cause), { onNone: () => "Defect", onSome: ({ _tag }) => _tag })

type Calls = Ref.Ref<ReadonlyArray<Timeline.Call>>

/** Calls at a steady pace. A call does not wait for the ones before it. */
const traffic = (calls: Calls, duration: Duration.Duration) => {
  const starts = Array.makeBy(Math.round(Duration.toMillis(duration) / Duration.toMillis(callEvery)), (n) =>
    Duration.times(callEvery, n)
  )
  const counted = call.pipe(
    Effect.matchCause({ onFailure: (cause) => Option.some(tagOf(cause)), onSuccess: () => Option.none() }),
    Effect.zip(Clock.currentTimeMillis),
    Effect.flatMap(([failure, endedAt]) => Ref.update(calls, Array.append({ endedAt, failure })))
  )
  return Effect.forEach(starts, (start) => Effect.delay(counted, start), { concurrency: "unbounded", discard: true })
}

interface Phase {
  readonly endpoint: string
  readonly lasts: Duration.Duration
  readonly fault: Option.Option<FaultOn["token"]>
}

/** First the token endpoint answers 503. Then it does not answer at all. */
const phasesOf = (outage: Duration.Duration): Array.NonEmptyReadonlyArray<Phase> => [
  { endpoint: "up", lasts: Duration.seconds(3), fault: Option.none() },
  {
    endpoint: "DOWN: 503",
    lasts: Duration.times(outage, 0.5),
    fault: Option.some(Fault.respond({ status: 503 }))
  },
  { endpoint: "DOWN: no answer", lasts: Duration.times(outage, 0.5), fault: Option.some(Fault.connectionReset) },
  { endpoint: "up", lasts: Duration.seconds(5), fault: Option.none() }
]

interface Drawing {
  readonly calls: Calls
  readonly startedAt: number
  readonly lastRow: Ref.Ref<number>
}

/** Prints what has happened since the last row. */
const drawRow = ({ calls, lastRow, startedAt }: Drawing, endpoint: string) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const to = yield* Clock.currentTimeMillis
    const from = yield* Ref.getAndSet(lastRow, to)
    const happened = { calls: yield* Ref.get(calls), exchanges: yield* simulator.requestsTo("token") }
    yield* Console.log(Timeline.row({ startedAt, from, to, endpoint, ...happened }))
  })

const play = (drawing: Drawing, { endpoint, fault, lasts }: Phase) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.clearFaults
    if (Option.isSome(fault)) {
      yield* simulator.inject(fault.value, { on: "token", times: Number.POSITIVE_INFINITY })
    }
    const rows = Math.max(1, Math.round(Duration.toMillis(lasts) / Duration.toMillis(rowEvery)))
    const schedule = Schedule.intersect(Schedule.fixed(rowEvery), Schedule.recurs(rows))
    yield* Effect.schedule(drawRow(drawing, endpoint), schedule)
  })

const program = Effect.gen(function* () {
  const simulator = yield* CxoneSimulator
  const outage = Duration.seconds(yield* Config.number("OUTAGE_SECONDS").pipe(Config.withDefault(3)))
  const phases = phasesOf(outage)
  const calls: Calls = yield* Ref.make<ReadonlyArray<Timeline.Call>>([])

  yield* Console.log(`${Timeline.legend}\n\n${Timeline.header}`)
  const startedAt = yield* Clock.currentTimeMillis
  const drawing: Drawing = { calls, startedAt, lastRow: yield* Ref.make(startedAt) }
  const drawn = Effect.forEach(phases, (phase) => play(drawing, phase), { discard: true })
  const duration = phases.map(({ lasts }) => lasts).reduce(Duration.sum)
  yield* Effect.all([traffic(calls, duration), drawn], { concurrency: "unbounded", discard: true })
  yield* drawRow(drawing, "up")

  const ended = yield* Ref.get(calls)
  yield* Console.log(`\n${Timeline.totals(ended, yield* simulator.requestsTo("token"))}`)
  if (ended.some(({ failure }) => Option.isSome(failure))) {
    yield* exitWithFailure
  }
})

NodeRuntime.runMain(Effect.provide(program, CxoneLayer))
