import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope, Tracer } from "effect"
import { direct, serve } from "./support/Servers.js"

const recording = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: `${spans.length + 1}`.padStart(16, "0"),
        traceId: "t".repeat(32),
        parent,
        context,
        links,
        sampled: true,
        kind,
        attributes,
        status: { _tag: "Started", startTime },
        attribute: (key, value) => void attributes.set(key, value),
        event: () => {},
        addLinks: () => {},
        end: () => {}
      }
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  return { spans, layer: Layer.setTracer(tracer) }
}

/** What the server got, and where it is. */
const echo = serve((request, response) => response.end(JSON.stringify(request.headers)))

const headersAt = (host: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.get(`http://${host}/`), ({ json }) => json))

const outside = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) })

describe("a trace", () => {
  it.scopedLive("has the platform's span, with its name and redacted headers, and is sent", () =>
    Effect.gen(function* () {
      const { host } = yield* echo
      const { layer, spans } = recording()
      const client = Effect.map(
        HttpClient.HttpClient,
        HttpClient.withSpanNameGenerator(({ method }) => `named ${method}`)
      )
      const sent = yield* Effect.flatMap(client, (named) =>
        Effect.flatMap(named.get(`http://${host}/`, { headers: { authorization: "c4n4ry" } }), ({ json }) => json)
      ).pipe(Effect.provide(Layer.merge(direct(), layer)))
      expect(spans.map(({ name }) => name)).toEqual(["named GET"])
      expect(spans[0]?.attributes.get("http.response.status_code")).toBe(200)
      expect(String(spans[0]?.attributes.get("http.request.header.authorization"))).toBe("<redacted>")
      expect(sent).toMatchObject({ traceparent: `00-${"t".repeat(32)}-0000000000000001-01` })
    })
  )

  it.scopedLive("is not sent where the app says so", () =>
    Effect.gen(function* () {
      const { host } = yield* echo
      const { layer, spans } = recording()
      const quiet = Effect.map(HttpClient.HttpClient, HttpClient.withTracerPropagation(false))
      const sent = Effect.flatMap(quiet, (client) => Effect.flatMap(client.get(`http://${host}/`), ({ json }) => json))
      expect(yield* sent.pipe(Effect.provide(Layer.merge(direct(), layer)))).not.toHaveProperty("traceparent")
      expect(spans.length).toBe(1)
      expect(yield* sent.pipe(Effect.withParentSpan(outside), Effect.provide(direct()))).not.toHaveProperty(
        "traceparent"
      )
    })
  )

  it.scopedLive("is not made where the app says so", () =>
    Effect.gen(function* () {
      const { host } = yield* echo
      const { layer, spans } = recording()
      const sent = headersAt(host).pipe(Effect.withParentSpan(outside))
      const disabled = [
        Effect.withTracerEnabled(sent, false),
        Effect.locally(sent, HttpClient.currentTracerDisabledWhen, () => true)
      ]
      for (const effect of disabled) {
        expect(yield* effect.pipe(Effect.provide(Layer.merge(direct(), layer)))).not.toHaveProperty("traceparent")
      }
      expect(spans).toEqual([])
    })
  )

  it.scopedLive("that came from outside goes on without a tracer, also from within spans that nobody records", () =>
    Effect.gen(function* () {
      const { host } = yield* echo
      const expected = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` }
      const sent = headersAt(host).pipe(
        Effect.withSpan("inner"),
        Effect.withParentSpan(outside),
        Effect.provide(direct())
      )
      expect(yield* sent).toMatchObject(expected)
      expect(yield* headersAt(host).pipe(Effect.withSpan("inner"), Effect.provide(direct()))).not.toHaveProperty(
        "traceparent"
      )
    })
  )

  it.scopedLive("is left out on the way for a library that makes its own spans", () =>
    Effect.gen(function* () {
      const { host } = yield* echo
      const { layer, spans } = recording()
      const sent = Effect.flatMap(HttpClient.HttpClient, (client) => {
        const way: unknown = Reflect.get(client, Symbol.for("cxone-auth/DirectTransport"))
        expect(way).toEqual({ execute: client.execute, send: expect.any(Function) })
        const { send } = way as { readonly send: HttpClient.HttpClient["execute"] } // as the line before has seen
        return Effect.flatMap(send(HttpClientRequest.get(`http://${host}/`)), ({ json }) => json)
      })
      const headers = yield* sent.pipe(Effect.withParentSpan(outside), Effect.provide(Layer.merge(direct(), layer)))
      expect(headers).not.toHaveProperty("traceparent")
      expect(spans).toEqual([])
    })
  )

  it.scopedLive("does not keep a request from ending with its scope", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serve((_, response) => response.write("a"))
      const client = HttpClient.withScope(yield* HttpClient.HttpClient)
      const scope = yield* Scope.make()
      const response = yield* Scope.extend(client.get(`http://${host}/`), scope)
      yield* Scope.close(scope, Exit.void)
      yield* allClosed
      expect(yield* Effect.flip(response.text)).toMatchObject({ _tag: "ResponseError" })
    }).pipe(Effect.provide(Layer.merge(direct(), recording().layer)))
  )

  it.scopedLive("uses what the layer was built with", () =>
    Effect.gen(function* () {
      const { host } = yield* echo
      const { layer, spans } = recording()
      const named = Layer.succeed(HttpClient.SpanNameGenerator, () => "by the layer")
      yield* headersAt(host).pipe(Effect.provide(Layer.merge(Layer.provide(direct(), named), layer)))
      expect(spans.map(({ name }) => name)).toEqual(["by the layer"])
    })
  )
})
