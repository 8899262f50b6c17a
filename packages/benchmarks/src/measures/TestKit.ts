/** B12: what a simulator for each test costs in time and memory, against a stub that is written by hand. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Layer, Redacted } from "effect"
import * as Heap from "../Heap.js"
import type { Measure } from "../Measure.js"
import type { Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Turns from "../Turns.js"

const goal = 1.2
const tests = 200
const calls = 3

/** A test of an app: a token, and a few calls with it. */
const test = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  for (let call = 0; call < calls; call++) {
    const response = yield* cxone.get("/api/v2/users/me")
    yield* response.json
  }
})

const answer = (body: object) => new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } })

/** What a team would write: an answer for each path, and a check of nothing. */
const stub = Layer.sync(HttpClient.HttpClient, () =>
  HttpClient.make((request, url) =>
    Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        url.pathname === "/oauth/token"
          ? answer({ access_token: "token", token_type: "Bearer", expires_in: 3600, scope: "read:users" })
          : answer({ id: "test-user", name: "Test User", email: "test.user@example.com" })
      )
    )
  )
)

const stubbed = CxoneHttpClient.layer().pipe(
  Layer.provide(
    CxoneAuth.layer({
      credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("secret") }),
      environment: CxoneEnvironment.custom({
        tokenEndpoint: "https://cxone.test/oauth/token",
        apiBaseUrl: "https://cxone.test"
      }),
      scopes: "read:users"
    })
  ),
  Layer.provide(stub)
)

const simulated = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneSimulator.layerAuth({ scopes: "read:users" })),
  Layer.provide(CxoneSimulator.layerMemory())
)

const stubName = "a stub, by hand"

const suite = (app: Layer.Layer<CxoneHttpClient>) =>
  Effect.gen(function* () {
    for (let count = 0; count < tests; count++) {
      yield* Effect.orDie(Effect.provide(test, Layer.fresh(app)))
    }
  })

/** The processor's time of a suite, in milliseconds. */
const cpuOf = (app: Layer.Layer<CxoneHttpClient>) =>
  Effect.gen(function* () {
    const before = process.cpuUsage()
    yield* suite(app)
    const { system, user } = process.cpuUsage(before)
    return (system + user) / 1000
  })

/** What a test leaves in memory when its layers are closed, in bytes. */
const keptBy = (app: Layer.Layer<CxoneHttpClient>) =>
  Effect.gen(function* () {
    const before = yield* Heap.sample
    yield* suite(app)
    const after = yield* Heap.sample
    return (after.heap - before.heap) / tests
  })

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const rounds = quick ? 3 : 9
    const { ours, byHand } = yield* Turns.medians({ ours: cpuOf(simulated), byHand: cpuOf(stubbed) }, rounds)
    const kept = yield* Turns.medians({ ours: keptBy(simulated), byHand: keptBy(stubbed) }, 3)
    return {
      method:
        `${tests} tests, each with layers of its own, a token and ${calls} calls. The processor's time is the median of ` +
        `${rounds} rounds by turns. What is kept is the growth of the heap after all tests, when their layers are closed and ` +
        "garbage is collected; it is code that the engine compiles, and falls below 100 bytes after some thousand tests. The " +
        "stub answers two paths and checks nothing.",
      figures: [
        {
          name: "processor's time of a test",
          unit: "ms",
          better: "less",
          digits: 2,
          ours: ours / tests,
          peers: { [stubName]: byHand / tests }
        },
        {
          name: "kept of a test",
          unit: "bytes",
          better: "less",
          ours: kept.ours,
          peers: { [stubName]: kept.byHand }
        }
      ],
      verdicts: [
        {
          goal: `not above ${goal} × the stub`,
          found: `${number(ours / byHand, 2)} ×`,
          isMet: ours <= goal * byHand,
          reason:
            "In separate profiles, about a seventh of the stub's time was for building the layers. The simulator signs each " +
            "token with RSA, so that an app may verify it (0.6 ms of each test), and answers each request in a fiber of " +
            "its own, so that a request can hang, race or be cut, as at a server (0.2 ms of each)."
        }
      ]
    } satisfies Findings
  })

export const testKit: Measure = { id: "B12", title: "Tests with a simulator each", isQuick: false, run }
