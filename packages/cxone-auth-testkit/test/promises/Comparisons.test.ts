/**
 * What a test compares by `toEqual` and `toMatchObject`: every value that the kit hands out, and a token. A difference makes
 * it fail, and what vitest prints then names the difference, and no secret. vitest compares the enumerable properties that a
 * value has itself, and copies what it prints, if it takes it for a plain object.
 */
import { HttpClient, HttpClientRequest, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { AccessToken, CxoneAuth } from "cxone-auth"
import { CxoneSimulator, defaultClient, defaultTenant, defaultUser, Fault, Grant } from "cxone-auth-testkit"
import { Effect, Layer, Redacted } from "effect"
import { printedBy } from "../support/Diff.js"
import { apiRequest, secret } from "../support/Harness.js"

const seen: Array<readonly [kind: string, value: object]> = []

const api = Effect.gen(function* () {
  seen.push(["a request in a route", yield* HttpServerRequest.HttpServerRequest], ["a grant", yield* Grant])
  return HttpServerResponse.unsafeJson({ id: 7 })
})

const inMemory = CxoneSimulator.layerMemory({ api })
const withAuth = Layer.provideMerge(CxoneSimulator.layerAuth(), inMemory)

const canary = "c4n4ry"

/** One of each kind. */
const handedOut = Effect.gen(function* () {
  seen.length = 0
  const simulator = yield* CxoneSimulator
  const token = yield* (yield* CxoneAuth).accessToken
  const injected = yield* simulator.inject(Fault.delay("1 second"), { on: "discovery" })
  const request = HttpClientRequest.bearerToken(yield* apiRequest(`/a?key=${canary}`), token.value)
  const response = yield* HttpClient.execute(HttpClientRequest.setHeader(request, "x-api-key", canary))
  const [first, second] = yield* simulator.requests
  const values: ReadonlyArray<readonly [string, unknown]> = [
    ["a token request", first],
    ["an API call", second],
    ["a token", token],
    ["a response", response],
    ["an injected fault", injected],
    ["an account", simulator.account()],
    ["an account of an access key", simulator.account({ way: "accessKey" })],
    ["an account of an access key alone", simulator.account({ way: "accessKeyOnly" })],
    ["settings", simulator.env()],
    ["a form", (yield* simulator.forms)[0]],
    ["a tenant", simulator.tenants[0]],
    ["the client of the options", defaultClient],
    ["the tenant of the options", defaultTenant],
    ["the user of the options", defaultUser],
    ["a fault with an answer", Fault.respond({ status: 503, body: { a: 1 } })],
    ["a fault with a chunk", Fault.endlessBody({ every: "1 second" })],
    ["a fault of a token", Fault.tokenAnswer({ scopes: ["a"], lifetime: "1 minute", fields: { a: 1 } })],
    ["a fault without fields", Fault.blackHole],
    ["the simulator", simulator],
    ...seen
  ]
  return values.map(([kind, value]) => [kind, Object(value) as object] as const)
}).pipe(Effect.provide(withAuth))

/** What a value tells of itself in a getter of its class, and so not to a comparison. */
const gettersOf = (value: object): ReadonlyArray<string> => {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return []
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(prototype))
  const own = descriptors.filter(([, { get }]) => get !== undefined).map(([name]) => name)
  return [...own.filter((name) => !Object.prototype.propertyIsEnumerable.call(value, name)), ...gettersOf(prototype)]
}

describe("Every value that a test gets", () => {
  it.effect("is compared by all it tells, but for what holds a secret, and for what is an effect", () =>
    Effect.gen(function* () {
      const hidden = (yield* handedOut).map(([kind, value]) => [kind, gettersOf(value)] as const)
      expect(Object.fromEntries(hidden.filter(([, names]) => names.length > 0))).toEqual({
        // A number stands for them, which differs if they do.
        "an API call": ["url", "headers"],
        // It is made of the value, which is redacted.
        "a token": ["claims"],
        // These read the body, but for those that can hold a secret.
        "a response": expect.arrayContaining(["stream", "text", "json"]),
        "a request in a route": expect.arrayContaining(["headers", "url", "text", "json"])
      })
    })
  )

  it.effect("fails an expectation, and not the test file, with whatever it is compared", () =>
    Effect.gen(function* () {
      for (const [kind, value] of yield* handedOut) {
        const names = [...Object.keys(value), ...gettersOf(value), "none"]
        const printed = names.flatMap((name) => [
          printedBy(() => expect(value).toMatchObject({ [name]: "other" })),
          printedBy(() => expect(value).toEqual({ [name]: "other" })),
          printedBy(() => expect([value]).toMatchObject([{ [name]: "other" }, {}])),
          printedBy(() => expect([value]).toContainEqual(expect.objectContaining({ [name]: "other" }))),
          printedBy(() => expect(value).toHaveProperty(name, "other"))
        ])
        expect([kind, printed.filter((text) => text === undefined)]).toEqual([kind, []])
      }
    })
  )

  it.effect("printed for a comparison shows no secret", () =>
    Effect.gen(function* () {
      const values = (yield* handedOut).filter(([kind]) => kind !== "settings")
      const token = values.flatMap(([, value]) => (value instanceof AccessToken ? [Redacted.value(value.value)] : []))
      for (const [kind, value] of values) {
        const printed = [
          printedBy(() => expect(value).toEqual({ other: 1 })),
          printedBy(() => expect(value).toMatchObject({ other: 1 })),
          // Where both print the same, vitest prints their properties as they are.
          printedBy(() => expect(value).toBe(Object.create(value, Object.getOwnPropertyDescriptors(value)))),
          printedBy(() => expect([value]).toEqual([]))
        ].join("\n")
        const secrets = [secret, encodeURIComponent(secret), canary, ...token]
        expect([kind, secrets.filter((each) => printed.includes(each))]).toEqual([kind, []])
      }
    })
  )
})

describe("Recorded requests", () => {
  const two = (send: Effect.Effect<unknown, unknown, CxoneSimulator | HttpClient.HttpClient>, other: typeof send) =>
    Effect.gen(function* () {
      yield* send
      yield* other
      const [a, b] = yield* (yield* CxoneSimulator).requestsTo("api")
      return [a, b] as const
    })

  const call = (
    path: string,
    set: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest = (same) => same
  ) =>
    Effect.flatMap(apiRequest(path), (request) => HttpClient.execute(set(request))).pipe(
      // The headers of a tracer are others in each request.
      Effect.locally(HttpClient.currentTracerPropagation, false)
    )

  const text = (body: string) => (request: HttpClientRequest.HttpClientRequest) =>
    HttpClientRequest.bodyText(HttpClientRequest.setMethod(request, "POST"), body)

  it.effect.each([
    ["the path", call("/a"), call("/b")],
    ["the query", call("/a?b=1"), call("/a?b=2")],
    ["a header", call("/a", HttpClientRequest.setHeader("x", "1")), call("/a", HttpClientRequest.setHeader("x", "2"))],
    ["a secret header", call("/a", HttpClientRequest.bearerToken("1")), call("/a", HttpClientRequest.bearerToken("2"))],
    ["the body", call("/a", text("1")), call("/a", text("2"))]
  ] as const)("that differ in %s are not equal, and a diff shows it", ([, first, other]) =>
    Effect.gen(function* () {
      const [a, b] = yield* two(first, other)
      const printed = printedBy(() => expect(a).toEqual(b))
      expect(printed).toMatch(/^\+ /m)
      expect(printed).not.toContain("no visual difference")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect.each([
    ["url", call("/a?b=1"), call("/a?b=2")],
    ["headers", call("/a", HttpClientRequest.bearerToken("1")), call("/a", HttpClientRequest.bearerToken("2"))],
    ["body", call("/a", text("1")), call("/a", text("2"))]
  ] as const)("that differ in their %s alone: a diff names it, and nothing else", ([part, first, other]) =>
    Effect.gen(function* () {
      const [a, b] = yield* two(first, other)
      const printed = printedBy(() => expect(a).toEqual(b)) ?? ""
      expect(printed.match(/^[+-] +"\w+"/gm)).toEqual([`-     "${part}"`, `+     "${part}"`])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("that were sent the same are equal, answered or not", () =>
    Effect.gen(function* () {
      const [a, b] = yield* two(call("/a?b=1", text("1")), call("/a?b=1", text("1")))
      expect(a).toEqual(b)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("show the URL beside another, and the query only if it is asked for", () =>
    Effect.gen(function* () {
      const [a, b] = yield* two(call("/a"), call("/a?b=1"))
      expect(printedBy(() => expect(a).toMatchObject({ method: "GET", url: "/other" }))).toContain(`"url": "/a"`)
      expect(printedBy(() => expect(b).toMatchObject({ url: "/other" }))).toContain(`"url": "/a?<redacted>"`)
      expect(b).toMatchObject({ method: "GET", url: "/a?b=1", isCut: false })
      expect({ ...b }).not.toHaveProperty("url")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("differs from one at another simulator, too, by what isn't shown", () =>
    Effect.gen(function* () {
      const sentWith = (text: string) =>
        Effect.gen(function* () {
          const { origin, requests } = yield* CxoneSimulator
          const request = HttpClientRequest.post(new URL(`/x?q=${text}`, origin), {
            headers: { authorization: `Bearer ${text}` }
          })
          yield* HttpClient.execute(HttpClientRequest.bodyText(request, text)).pipe(Effect.withTracerEnabled(false))
          const [recorded] = yield* requests
          return recorded?.contentIds
        }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
      const [one, same, other] = [yield* sentWith("one"), yield* sentWith("one"), yield* sentWith("two")]
      expect(same).toEqual(one)
      expect(
        [other?.url, other?.headers, other?.body].map((id, at) => id === [one?.url, one?.headers, one?.body][at])
      ).toEqual([false, false, false])
    })
  )
})
