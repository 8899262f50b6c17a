import { inspect } from "node:util"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, Fault, type RecordedRequest } from "cxone-auth-testkit"
import { Effect, Fiber, Inspectable, Option, Redacted, TestClock } from "effect"
import {
  basic,
  exchange,
  get,
  goodForm,
  goodKey,
  keyAlone,
  keyExchange,
  keyForm,
  keySecret,
  mint,
  modes,
  placed,
  secret,
  users
} from "../support/Harness.js"

const printedForms = (request: RecordedRequest) => [
  JSON.stringify(request),
  JSON.stringify({ ...request }),
  inspect(request, { depth: 10, showHidden: true }),
  inspect({ ...request }, { depth: 10 }),
  inspect(request, { customInspect: false, depth: 10 }),
  String(request),
  Inspectable.format(request)
]

describe.each(modes)("Recorder $name", ({ layer }) => {
  it.effect("records every request in the order of arrival, with the status of its answer", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* TestClock.adjust("5 seconds")
      yield* users(token, "/api/v2/users/me?expand=skills")
      yield* simulator.inject(Fault.connectionReset, { on: "token" })
      yield* Effect.ignore(exchange())
      const requests = yield* simulator.requests
      deepStrictEqual(
        requests.map(({ endpoint, fault, method, status, time, url }) => [
          endpoint,
          method,
          url,
          time,
          Option.getOrUndefined(status),
          Option.getOrUndefined(fault)?._tag
        ]),
        [
          ["token", "POST", "/oauth/token", 0, 200, undefined],
          ["api", "GET", "/api/v2/users/me?expand=skills", 5000, 200, undefined],
          ["token", "POST", "/oauth/token", 5000, undefined, "ConnectionReset"]
        ]
      )
      const [first, second] = requests
      deepStrictEqual(Object.fromEntries(new URLSearchParams(first && Redacted.value(first.body))), goodForm)
      strictEqual(first?.headers["content-type"], "application/x-www-form-urlencoded")
      strictEqual(second?.headers.authorization, `Bearer ${Redacted.value(token)}`)
      strictEqual(second?.headers.host, new URL(simulator.origin).host)
      deepStrictEqual(yield* simulator.requestsTo("api"), requests.slice(1, 2))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("records a request before it is answered, and ends awaitRequests", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.delay("1 minute"), { on: "token", times: 2 })
      const two = yield* Effect.fork(simulator.awaitRequests("token", 2))
      const first = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* TestClock.adjust("1 second")
      strictEqual(yield* Fiber.poll(two).pipe(Effect.map(Option.isNone)), true)
      const second = yield* Effect.fork(exchange())
      yield* Fiber.join(two)
      yield* simulator.awaitRequests("token", 2)
      assertTrue((yield* simulator.requests).every(({ status }) => Option.isNone(status)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(Fiber.zip(first, second))
      assertTrue((yield* simulator.requests).every(({ status }) => Option.contains(status, 200)))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("names the endpoint of each request: token, discovery or api", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { apiOrigin, areaOrigin } = yield* placed()
      const paths = [
        "/oauth/token",
        "/auth/token",
        "/authentication/v1/token/access-key",
        "/.well-known/openid-configuration",
        "/.well-known/cxone-configuration",
        "/api/v2/users/me"
      ]
      const asked = (origin: string) =>
        Effect.gen(function* () {
          yield* Effect.forEach(paths, (path) => get(path, origin))
          const all = yield* simulator.requests
          yield* simulator.reset
          deepStrictEqual(
            all.map(({ headers }) => headers.host),
            paths.map(() => new URL(origin).host)
          )
          return all.map(({ endpoint }) => endpoint).join(" ")
        })
      strictEqual(yield* asked(simulator.origin), "token token api discovery discovery api")
      strictEqual(yield* asked(areaOrigin), "api api token discovery discovery api")
      strictEqual(yield* asked(apiOrigin), "api api api discovery discovery api")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a printed request shows no access key", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const minted = [yield* keyExchange(), yield* keyAlone()]
      yield* keyExchange({ ...keyForm, grant_type: "" })
      yield* keyAlone({ ...goodKey, accessKeyId: 1 })
      const requests = yield* simulator.requests
      const tokens = minted.flatMap(({ json }) => [json.access_token, json.refresh_token, json.id_token].map(String))
      const canaries = [keySecret, encodeURIComponent(keySecret), secret, encodeURIComponent(secret), ...tokens]
      const printed = requests.flatMap(printedForms)
      strictEqual(printed.length, 28)
      for (const text of [...printed, inspect(simulator, { depth: 10 }), JSON.stringify(simulator)]) {
        deepStrictEqual(
          canaries.filter((canary) => text.includes(canary)),
          []
        )
      }
      strictEqual(JSON.parse(Redacted.value(requests[1]?.body ?? Redacted.make(""))).accessKeySecret, keySecret)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a printed request shows no client secret and no token", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* users(token, `/api/v2/users/me?key=${Redacted.value(token)}`)
      const header = basic(`${defaultClient.clientId}:${encodeURIComponent(secret)}`)
      yield* exchange({ grant_type: "client_credentials" }, header)
      const requests = yield* simulator.requests
      const canaries = [secret, encodeURIComponent(secret), header.authorization.slice(6), Redacted.value(token)]
      const printed = requests.flatMap(printedForms)
      strictEqual(printed.length, 21)
      for (const text of printed) {
        assertTrue(text.includes("POST") || text.includes("GET"))
        deepStrictEqual(
          canaries.filter((canary) => text.includes(canary)),
          []
        )
      }
    }).pipe(Effect.provide(layer()))
  )
})
