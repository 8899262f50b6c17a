/** Export of spans and metrics to an OTLP collector. */
import * as Otlp from "@effect/opentelemetry/Otlp"
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { Array, Effect, Layer, Ref } from "effect"

/** How the requests to one path of the collector ended. */
export interface Delivery {
  readonly path: string
  readonly requests: number
  /** Whether the collector took the last request. The exporter gives up after a few tries. */
  readonly isTaken: boolean
}

interface Request {
  readonly path: string
  readonly isTaken: boolean
}

// The exporter hides its failures from the app, so the client below it records them.
const ObservedClient = (requests: Ref.Ref<ReadonlyArray<Request>>) => {
  const note = (url: string, isTaken: boolean) =>
    Ref.update(requests, Array.append({ path: new URL(url).pathname, isTaken }))
  return Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.transform((response, { url }) =>
        Effect.tapBoth(response, {
          onFailure: () => note(url, false),
          onSuccess: ({ status }) => note(url, status < 300)
        })
      )
    )
  )
}

/**
 * Runs an effect and exports its spans and metrics; what is left is exported when it ends. The exporter uses the clock
 * from outside the effect, so a virtual clock inside does not affect it.
 */
export const exporting = <A, E, R>(
  endpoint: URL,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Delivery>, E, R> =>
  Effect.gen(function* () {
    const requests = yield* Ref.make<ReadonlyArray<Request>>([])
    const exporter = Otlp.layerJson({ baseUrl: endpoint.href, resource: { serviceName: "dashboard" } }).pipe(
      Layer.provide(ObservedClient(requests)),
      Layer.provide(FetchHttpClient.layer)
    )
    yield* Effect.provide(effect, exporter)

    return Object.entries(Array.groupBy(yield* Ref.get(requests), ({ path }) => path)).map(([path, tries]) => ({
      path,
      requests: tries.length,
      isTaken: Array.lastNonEmpty(tries).isTaken
    }))
  })
