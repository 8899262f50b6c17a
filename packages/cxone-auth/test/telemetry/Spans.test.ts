import { Headers, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Effect, Inspectable, Layer } from "effect"
import { json, type Play, scripted } from "../support/ScriptedHttpClient.js"
import * as SpanRecorder from "../support/SpanRecorder.js"

const token = "mF_9.B5f-4.1JqM"
const base = "https://gateway.example:8443/cxone"

interface World {
  readonly play?: Play
  readonly options?: CxoneHttpClientOptions
  /** What the app makes of its own client, before it gives it to the library. */
  readonly own?: (http: HttpClient.HttpClient) => HttpClient.HttpClient
}

/** The client over a scripted server, and the platform's own client over the same, with all spans. */
const world = ({ options = {}, own = (http) => http, play = () => Effect.succeed(json({})) }: World = {}) =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(play)
    const http = Layer.map(layer, (context) => context)
    const plain = own(yield* Effect.provide(HttpClient.HttpClient, http))
    const context = yield* Layer.build(
      CxoneHttpClient.layer(options).pipe(
        Layer.provide(CxoneAuth.layerTest(token, { apiBaseUrl: base })),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, plain))
      )
    )
    return { plain, cxone: yield* Effect.provide(CxoneHttpClient, context), sent }
  })

/** The spans of requests that an effect opens, those of tokens left out. */
const requestSpansOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { spans, tracer } = SpanRecorder.make()
    yield* Effect.exit(Effect.withTracer(effect, tracer))
    return spans.filter(({ name }) => !name.startsWith("CxoneAuth."))
  })

const isHeader = (attribute: string) => /^http\.(request|response)\.header\./.test(attribute)

describe("the span of a request", () => {
  const plays: { readonly [name: string]: Play } = {
    "200": () => Effect.succeed(json({}, { headers: { "x-id": "7" } })),
    "500": () => Effect.succeed(json({}, { status: 500 })),
    "a failure": () => Effect.fail({ cause: { code: "ECONNRESET" } })
  }
  const requests = {
    "a path": HttpClientRequest.get(`${base}/users`),
    "a query": HttpClientRequest.get(`${base}/users?name=Ada%20L`, { urlParams: { page: "2" } }),
    "a fragment": HttpClientRequest.get(`${base}/users`, { hash: "top" }),
    "a body": HttpClientRequest.post(`${base}/users`).pipe(HttpClientRequest.bodyText("x")),
    "the usual port": HttpClientRequest.get("https://files.example.com:443/x")
  }
  const cases = Object.keys(plays).flatMap((play) =>
    Object.entries(requests).map(([name, request]) => [play, name, request] as const)
  )

  it.scoped.each(cases)(
    "is the platform's own, attribute by attribute, but for headers: %s, %s",
    ([play, _, request]) =>
      Effect.gen(function* () {
        const { cxone, plain } = yield* world({
          play: plays[play] ?? (() => Effect.never),
          options: { allowedOrigins: ["https://files.example.com"] }
        })
        const [theirs] = yield* requestSpansOf(plain.execute(request))
        const [ours, ...more] = yield* requestSpansOf(cxone.execute(request))
        const expected = [...(theirs?.attributes ?? [])].filter(([attribute]) => !isHeader(attribute))
        const actual = [...(ours?.attributes ?? [])].filter(([attribute]) => attribute !== "error.type")
        expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected))
        expect(expected.length).toBeGreaterThan(4)
        expect([ours?.name, ours?.kind, ours?.status._tag]).toEqual([theirs?.name, theirs?.kind, theirs?.status._tag])
        expect(more).toEqual([])
      })
  )

  it.scoped("has error.type for a status from 400 on and for a failure, and none for a success", () =>
    Effect.forEach(Object.entries(plays), ([name, play]) =>
      Effect.gen(function* () {
        const { cxone } = yield* world({ play })
        const [span] = yield* requestSpansOf(cxone.get("/users"))
        const expected = { "200": undefined, "500": "500", "a failure": "RequestError" }[name]
        expect(span?.attributes.get("error.type")).toBe(expected)
      })
    )
  )

  it.scoped("has the name that withSpanNameGenerator gives, and is left out where withTracerDisabledWhen says so", () =>
    Effect.gen(function* () {
      const { cxone } = yield* world()
      const named = HttpClient.withSpanNameGenerator(cxone, ({ method, url }) => `${method} ${new URL(url).pathname}`)
      expect((yield* requestSpansOf(named.get("/users"))).map(({ name }) => name)).toEqual(["GET /cxone/users"])
      const quiet = HttpClient.withTracerDisabledWhen(cxone, ({ url }) => url.endsWith("/health"))
      expect(yield* requestSpansOf(quiet.get("/health"))).toEqual([])
      expect(yield* requestSpansOf(quiet.get("/users"))).toHaveLength(1)
    })
  )
})

describe("C5: tracing headers", () => {
  const tracing = ["b3", "traceparent"]
  const sentWith = (
    change: (http: HttpClient.HttpClient.With<unknown>) => HttpClient.HttpClient.With<unknown>,
    made: World
  ) =>
    Effect.gen(function* () {
      const { cxone, sent } = yield* world(made)
      const spans = yield* requestSpansOf(change(cxone).get("/users"))
      const [call] = yield* sent
      return [spans.length, tracing.filter((name) => Headers.has(call?.request.headers ?? Headers.empty, name))]
    })
  const asIs = (http: HttpClient.HttpClient.With<unknown>) => http

  it.scoped("go out with tracerPropagation, with the ids of the request's own span", () =>
    Effect.gen(function* () {
      expect(yield* sentWith(asIs, {})).toEqual([1, []])
      expect(yield* sentWith(asIs, { options: { tracerPropagation: true } })).toEqual([1, tracing])
      const { cxone, sent } = yield* world({ options: { tracerPropagation: true } })
      const [span] = yield* requestSpansOf(cxone.get("/users"))
      expect((yield* sent)[0]?.request.headers.traceparent).toBe(`00-${span?.traceId}-${span?.spanId}-01`)
    })
  )

  it.scoped.each([
    ["the client", HttpClient.withTracerPropagation(false), {}],
    ["the client, by withTracerDisabledWhen", HttpClient.withTracerDisabledWhen(() => true), {}],
    ["the client, with all tracing", HttpClient.transformResponse(Effect.withTracerEnabled(false)), {}],
    ["the app's own client", asIs, { own: HttpClient.withTracerPropagation(false) }]
  ] as const)("do not go out if the app turns them off on %s, in spite of tracerPropagation", ([_, change, own]) =>
    Effect.gen(function* () {
      const [, headers] = yield* sentWith(change, { options: { tracerPropagation: true }, ...own })
      expect(headers).toEqual([])
    })
  )
})

describe("S1: no span has the token", () => {
  it.scoped.each([
    ["its own client as it is", (http: HttpClient.HttpClient) => http],
    ["withTracerDisabledWhen on its own client", HttpClient.withTracerDisabledWhen(() => false)]
  ] as const)("if the app leaves %s, and shows all headers", ([_, own]) =>
    Effect.gen(function* () {
      const { cxone } = yield* world({ own })
      const spans = yield* requestSpansOf(Effect.locally(cxone.get("/users"), Headers.currentRedactedNames, []))
      expect(spans).toHaveLength(1)
      const shown = spans.map(({ attributes, status }) => Inspectable.toStringUnknown([[...attributes], status]))
      expect(shown.join("\n")).not.toContain(token)
    })
  )
})
