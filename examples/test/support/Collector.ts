/** A stand-in for an OTLP collector. It takes everything and keeps it. */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { Effect, Schema } from "effect"

const Span = Schema.Struct({ name: Schema.String, startTimeUnixNano: Schema.NumberFromString })

const Metric = Schema.Struct({
  name: Schema.String,
  unit: Schema.String,
  sum: Schema.optional(
    Schema.Struct({ dataPoints: Schema.Array(Schema.Struct({ asDouble: Schema.optional(Schema.Number) })) })
  )
})

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({ scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) })) }))
})

const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(
    Schema.Struct({ scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) })) })
  )
})

interface Delivery {
  readonly path: string | undefined
  readonly body: unknown
}

/** Listens on a free port for as long as the scope is open. */
export const make = Effect.gen(function* () {
  const deliveries: Array<Delivery> = []
  const to = (path: string) => deliveries.filter((delivery) => delivery.path === path).map(({ body }) => body)

  const server = yield* Effect.acquireRelease(
    Effect.async<Http.Server>((resume) => {
      const server = Http.createServer((request, response) => {
        json(request).then(
          (body) => {
            deliveries.push({ path: request.url, body })
            response.writeHead(200, { "content-type": "application/json" }).end("{}")
          },
          () => response.writeHead(400).end()
        )
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  // The address is a text only if the server listens on a pipe.
  const { port } = server.address() as AddressInfo

  return {
    endpoint: `http://127.0.0.1:${port}`,
    everything: Effect.sync(() => JSON.stringify(deliveries)),
    /** The spans of every delivery. */
    spans: Effect.suspend(() => Effect.forEach(to("/v1/traces"), (body) => Schema.decodeUnknown(Traces)(body))).pipe(
      Effect.map((all) =>
        all.flatMap(({ resourceSpans }) =>
          resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
        )
      )
    ),
    /** The metrics of the last delivery, because each delivery has the totals. */
    metrics: Effect.suspend(() =>
      Effect.forEach(to("/v1/metrics").slice(-1), (body) => Schema.decodeUnknown(Metrics)(body))
    ).pipe(
      Effect.map((all) =>
        all.flatMap(({ resourceMetrics }) =>
          resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
        )
      )
    )
  }
})
