/** B12: what a simulator for each test costs, against a stub that is written by hand. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Layer, Redacted } from "effect"
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

const names = { stub: "a stub, by hand", simulator: "a simulator for each test" } as const

/** The processor's time, in milliseconds. */
const cpuOf = (app: Layer.Layer<CxoneHttpClient>) =>
  Effect.gen(function* () {
    const before = process.cpuUsage()
    for (let count = 0; count < tests; count++) {
      yield* Effect.orDie(Effect.provide(test, Layer.fresh(app)))
    }
    const { system, user } = process.cpuUsage(before)
    return (system + user) / 1000
  })

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const rounds = quick ? 5 : 15
    const medians = yield* Turns.medians({ [names.stub]: cpuOf(stubbed), [names.simulator]: cpuOf(simulated) }, rounds)
    const { [names.simulator]: ours = Number.NaN, [names.stub]: byHand = Number.NaN } = medians
    return {
      method:
        `${tests} tests, each with layers of its own, a token and ${calls} calls. The figure is the processor's time, the ` +
        `median of ${rounds} rounds by turns. The stub answers two paths and checks nothing.`,
      figures: [
        {
          name: `${tests} tests`,
          unit: "ms",
          better: "less",
          ours,
          peers: { [names.stub]: byHand },
          controls: {}
        }
      ],
      verdicts: [
        {
          goal: `not above ${goal} × the stub`,
          found: `${number(ours / byHand, 2)} ×`,
          isMet: ours <= goal * byHand,
          reason:
            "The simulator signs each token with RSA, so that an app may verify it (0.6 ms of each test), and answers each " +
            "request in a fiber of its own, so that a request can hang, race or be cut, as at a server (0.2 ms of each)."
        }
      ]
    } satisfies Findings
  })

export const testKit: Measure = { id: "B12", title: "Tests with a simulator each", isQuick: false, run }
