/** The app under soak, in a process of its own: what grows here is the library's, or the transport's. */
import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { defaultClient } from "cxone-auth-testkit"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Config, Console, Duration, Effect, Layer, Logger, LogLevel, Ref, Schedule, Schema } from "effect"
import * as Heap from "./Heap.js"
import * as Leftovers from "./Leftovers.js"
import * as NotYet from "./NotYet.js"
import { make as makeOutcomes, Outcomes } from "./Outcomes.js"
import { clientPolicy, policy } from "./Policy.js"
import * as Report from "./Report.js"
import * as Stall from "./Stall.js"
import * as Traffic from "./Traffic.js"

const settings = Config.all({
  transport: Config.literal("fetch", "undici", "cxone-auth-undici")("SOAK_TRANSPORT"),
  origin: Config.url("SOAK_ORIGIN"),
  seconds: Config.number("SOAK_SECONDS"),
  users: Config.integer("SOAK_FIBERS"),
  seed: Config.string("SOAK_SEED")
})

const transports = {
  fetch: FetchHttpClient.layer,
  undici: NodeHttpClient.layerUndici,
  "cxone-auth-undici": UndiciHttpClient.layer({ proxy: "none" })
}

const cxoneLayer = (origin: URL, transport: keyof typeof transports) =>
  CxoneHttpClient.layer({ policy: clientPolicy }).pipe(
    Layer.provideMerge(
      CxoneAuth.layer({
        credentials: Credentials.clientSecret(defaultClient),
        environment: CxoneEnvironment.custom({ tokenEndpoint: new URL("/oauth/token", origin), apiBaseUrl: origin }),
        scopes: "read:users",
        policy,
        name: "soak"
      })
    ),
    Layer.provide(NotYet.listen),
    Layer.provideMerge(NotYet.NotYet.layer),
    Layer.provide(transports[transport])
  )

const tell = (message: Report.Message) => Effect.flatMap(Effect.orDie(Schema.encode(Report.Line)(message)), Console.log)

const program = Effect.gen(function* () {
  const { origin, seconds, seed, transport, users } = yield* settings
  const outcomes = yield* makeOutcomes
  const stalled = yield* Stall.watch
  const heap = yield* Ref.make<ReadonlyArray<number>>([])

  const sample = Effect.gen(function* () {
    const bytes = yield* Heap.used
    yield* Ref.update(heap, (samples) => [...samples, bytes])
    yield* tell({ _tag: "Progress", done: yield* outcomes.done, heap: bytes })
  })
  // Until all code has been loaded and compiled, memory grows whatever is done.
  const warmUp = Duration.seconds(Math.min(8, seconds / 2))
  const sampling = Effect.delay(
    Effect.repeat(sample, Schedule.fixed(Duration.seconds(Math.min(1, seconds / 20)))),
    warmUp
  )

  const [[tokensAlive, longestStall], left] = yield* Traffic.run(users, seed).pipe(
    Effect.zipRight(sampling, { concurrent: true }),
    Effect.timeoutOption(Duration.seconds(seconds)),
    Effect.zipRight(Effect.all([Heap.tokensAlive, stalled])),
    Effect.provideService(Outcomes, outcomes),
    Effect.provide(cxoneLayer(origin, transport)),
    Leftovers.after
  )
  yield* tell({
    _tag: "Report",
    done: yield* outcomes.done,
    heap: yield* Ref.get(heap),
    tokensAlive,
    longestStall,
    fibersLeft: left.fibers,
    handlesLeft: left.handles
  })
})

// The standard output is the report, and the faults are meant: their warnings would only be in its way.
NodeRuntime.runMain(Logger.withMinimumLogLevel(Effect.scoped(program), LogLevel.Error))
