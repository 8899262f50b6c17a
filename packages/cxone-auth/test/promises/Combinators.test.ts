/** Every combinator of the platform's `HttpClient`, on our clients and on the platform's own: they must see the same. */
import { Cookies, Headers, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { type AuthenticatedHttpClient, CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Effect, Either, Layer, Ref, Schedule, type Scope } from "effect"
import { json, type Play, scripted } from "../support/ScriptedHttpClient.js"
import * as SpanRecorder from "../support/SpanRecorder.js"

const origin = "https://api.test"

const answers: { readonly [path: string]: (times: number) => Response } = {
  "/ok": () => json({ ok: true }),
  "/late": (times) => (times < 3 ? json({ times }, { status: 503 }) : json({ ok: true })),
  "/missing": () => json({ error: "none" }, { status: 404 }),
  "/moved": () => new Response(null, { status: 302, headers: { location: "/ok?from=moved" } }),
  "/round": () => new Response(null, { status: 307, headers: { location: "/round" } }),
  "/cookie": () => new Response(null, { headers: [["set-cookie", "a=1"]] })
}

/** A server that answers by path, and by how often the path was asked for. The connection for any other path fails. */
const play = (): Play => {
  const counts = new Map<string, number>()
  return ({ url }) =>
    Effect.suspend(() => {
      const { pathname } = new URL(url)
      const times = (counts.get(pathname) ?? 0) + 1
      counts.set(pathname, times)
      const answer = answers[pathname]
      return answer === undefined ? Effect.fail({ cause: { code: "ECONNRESET" } }) : Effect.succeed(answer(times))
    })
}

type Client = HttpClient.HttpClient.With<unknown, Scope.Scope>
type Log = (entry: unknown) => Effect.Effect<void>

interface Row {
  readonly apply: (client: AuthenticatedHttpClient, log: Log) => Client | Effect.Effect<Client>
  readonly paths: ReadonlyArray<keyof typeof answers>
}

const header = HttpClientRequest.setHeader

const rows: { readonly [combinator: string]: Row } = {
  catchAll: {
    apply: HttpClient.catchAll(() => Effect.succeed(HttpClientResponse.fromWeb(HttpClientRequest.get("/"), json(1)))),
    paths: ["/ok", "/reset"]
  },
  catchTag: {
    apply: HttpClient.catchTag("RequestError", ({ reason }) => Effect.fail(`caught ${reason}`)),
    paths: ["/ok", "/reset"]
  },
  catchTags: {
    apply: (client) =>
      HttpClient.filterStatusOk(client).pipe(
        HttpClient.catchTags({
          RequestError: ({ reason }) => Effect.fail(`caught ${reason}`),
          ResponseError: ({ response }) => Effect.fail(`caught ${response.status}`)
        })
      ),
    paths: ["/ok", "/reset", "/missing"]
  },
  filterOrElse: {
    apply: HttpClient.filterOrElse(
      ({ status }) => status === 200,
      ({ status }) => Effect.fail(`no ${status}`)
    ),
    paths: ["/ok", "/missing"]
  },
  filterOrFail: {
    apply: HttpClient.filterOrFail(
      ({ status }) => status === 200,
      ({ status }) => `no ${status}`
    ),
    paths: ["/ok", "/missing"]
  },
  filterStatus: { apply: HttpClient.filterStatus((status) => status === 404), paths: ["/ok", "/missing"] },
  filterStatusOk: { apply: HttpClient.filterStatusOk, paths: ["/ok", "/missing", "/late", "/moved"] },
  followRedirects: { apply: HttpClient.followRedirects(3), paths: ["/ok", "/moved", "/round"] },
  mapRequest: {
    apply: (client) =>
      client.pipe(
        HttpClient.mapRequest(header("x", "1")),
        HttpClient.mapRequest(header("x", "2")),
        HttpClient.retry({ times: 1 })
      ),
    paths: ["/ok", "/reset"]
  },
  mapRequestEffect: {
    apply: (client, log) =>
      client.pipe(
        HttpClient.mapRequestEffect((request) => Effect.as(log(request.headers), header(request, "x", "1"))),
        HttpClient.retry({ times: 1 })
      ),
    paths: ["/ok", "/reset"]
  },
  mapRequestInput: {
    apply: (client) =>
      client.pipe(HttpClient.mapRequest(header("x", "1")), HttpClient.mapRequestInput(header("x", "0"))),
    paths: ["/ok"]
  },
  mapRequestInputEffect: {
    apply: (client, log) =>
      HttpClient.mapRequestInputEffect(client, (request) => Effect.as(log(request.url), header(request, "x", "1"))),
    paths: ["/ok"]
  },
  retry: {
    apply: (client) => HttpClient.retry(HttpClient.filterStatusOk(client), Schedule.recurs(2)),
    paths: ["/late", "/missing", "/reset"]
  },
  retryTransient: { apply: HttpClient.retryTransient({ times: 2 }), paths: ["/ok", "/late", "/missing", "/reset"] },
  tap: {
    apply: (client, log) => HttpClient.tap(client, ({ status }) => log(status)),
    paths: ["/ok", "/missing", "/reset"]
  },
  tapError: {
    apply: (client, log) => HttpClient.tapError(client, ({ _tag }) => log(_tag)),
    paths: ["/ok", "/missing", "/reset"]
  },
  tapRequest: { apply: (client, log) => HttpClient.tapRequest(client, (request) => log(request)), paths: ["/ok"] },
  transform: {
    apply: (client, log) =>
      HttpClient.transform(client, (response, request) =>
        Effect.zipRight(
          log(request),
          Effect.orElse(response, () => response)
        )
      ),
    paths: ["/ok", "/reset"]
  },
  transformResponse: {
    apply: HttpClient.transformResponse((response) => Effect.orElse(response, () => response)),
    paths: ["/ok", "/reset"]
  },
  withCookiesRef: {
    apply: (client) => Effect.map(Ref.make(Cookies.empty), (ref) => HttpClient.withCookiesRef(client, ref)),
    paths: ["/ok", "/cookie", "/ok"]
  },
  withScope: { apply: HttpClient.withScope, paths: ["/ok", "/reset"] },
  withSpanNameGenerator: { apply: HttpClient.withSpanNameGenerator(({ url }) => `to ${url}`), paths: ["/ok"] },
  withTracerDisabledWhen: {
    apply: HttpClient.withTracerDisabledWhen(({ url }) => url.endsWith("/ok")),
    paths: ["/ok", "/missing"]
  },
  withTracerPropagation: { apply: HttpClient.withTracerPropagation(false), paths: ["/ok"] }
}

/** What the platform's module has beside combinators. */
const others = [
  ...["HttpClient", "TypeId", "SpanNameGenerator", "currentTracerDisabledWhen", "currentTracerPropagation"],
  ...["make", "makeWith", "layerMergedContext", "execute", "get", "head", "post", "put", "patch", "del", "options"]
]

/** What the library adds to each request. */
const added = ["authorization", "accept", "b3", "traceparent"]

const shown = (result: Either.Either<HttpClientResponse.HttpClientResponse, unknown>) =>
  Either.match(result, {
    // A typed error has a tag, and so has the platform's.
    onLeft: (error) =>
      Effect.succeed(typeof error === "object" && error !== null && "_tag" in error ? error._tag : error),
    onRight: (response) =>
      Effect.map(response.text, (text) => [response.status, text, { ...response.headers }, response.request.url])
  })

/** What happens with a combinator on a client: the requests that are sent, the results, what it saw, and the spans. */
const seenBy = (
  { apply, paths }: Row,
  clientOf: (cxone: AuthenticatedHttpClient, app: HttpClient.HttpClient) => AuthenticatedHttpClient
) =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(play())
    const recorder = SpanRecorder.make()
    const log: Array<unknown> = []
    const context = yield* Layer.build(
      Layer.provideMerge(
        Layer.provide(CxoneHttpClient.layer(), CxoneAuth.layerTest("t1", { apiBaseUrl: origin })),
        layer
      )
    )
    const client = clientOf(
      yield* Effect.provide(CxoneHttpClient, context),
      yield* Effect.provide(HttpClient.HttpClient, context)
    )
    const applied = apply(client, (entry) => Effect.sync(() => void log.push(entry)))
    const changed = Effect.isEffect(applied) ? yield* applied : applied
    const results = yield* Effect.forEach(paths, (path) =>
      Effect.flatMap(Effect.either(changed.get(`${origin}${path}`)), shown)
    ).pipe(Effect.withTracer(recorder.tracer))
    return {
      results,
      log,
      requests: (yield* sent).map(({ request, url }) => [url, Object.entries(Headers.remove(request.headers, added))]),
      spans: recorder.spans.map(({ name }) => name).filter((name) => !name.startsWith("CxoneAuth."))
    }
  })

describe("the combinators of the platform's HttpClient", () => {
  it("a combinator that a later version of the platform adds must be added here", () => {
    expect([...Object.keys(rows), ...others].sort()).toEqual(Object.keys(HttpClient).sort())
  })

  it.scoped.each(Object.entries(rows))("%s acts on our clients as on the platform's own", ([, row]) =>
    Effect.gen(function* () {
      const theirs = yield* seenBy(row, (_, app) => app)
      expect(yield* seenBy(row, (cxone) => cxone)).toEqual(theirs)
      expect(yield* seenBy(row, CxoneHttpClient.toHttpClient)).toEqual(theirs)
      expect(theirs.requests.length).toBeGreaterThanOrEqual(row.paths.length)
    })
  )
})
