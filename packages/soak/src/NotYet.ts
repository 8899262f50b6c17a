/** When the API said "not yet". The transport tells this, because the library is on trial. */
import { HttpClient, type HttpClientResponse } from "@effect/platform"
import { Clock, Context, Duration, Effect, Layer, Option, Ref } from "effect"

export interface NotYetService {
  /** Until when the API takes no calls, in milliseconds since the epoch. */
  readonly until: Effect.Effect<number>
  readonly hear: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<void>
}

export class NotYet extends Context.Tag("soak/NotYet")<NotYet, NotYetService>() {
  static readonly layer: Layer.Layer<NotYet> = Layer.effect(
    NotYet,
    Effect.map(Ref.make(0), (latest) => ({
      until: Ref.get(latest),
      hear: (response) =>
        Option.match(secondsAsked(response), {
          onNone: () => Effect.void,
          onSome: (seconds) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              Ref.update(latest, (before) => Math.max(before, now + seconds * 1_000))
            )
        })
    }))
  )
}

/** The library hears of a "not yet" so many milliseconds after the transport, at the most. */
const allowance = 250

/** For how many milliseconds calls may wait after a "not yet" has ended: the token endpoint may be down. */
const longestLine = 15_000

/**
 * Whether a call that was made at this moment was held back for a reason. While the API says "not yet", the error says
 * how long that still is, and the transport has heard the same. Afterwards a call may be held back behind those that
 * wait, and then the error names no time.
 */
export const isAsked = (retryAfter: Duration.Duration | undefined, made: number, until: number): boolean =>
  retryAfter === undefined ? made <= until + longestLine : made + Duration.toMillis(retryAfter) <= until + allowance

/** The same `HttpClient`, and what the API answers is heard. */
export const listen: Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient | NotYet> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(Effect.all([HttpClient.HttpClient, NotYet]), ([http, { hear }]) =>
    HttpClient.transformResponse(http, Effect.tap(hear))
  )
)

const secondsAsked = ({ headers, request, status }: HttpClientResponse.HttpClientResponse): Option.Option<number> => {
  const retryAfter = Number(headers["retry-after"])
  const isApi = new URL(request.url).pathname.startsWith("/api/")
  return isApi && (status === 429 || status === 503) && retryAfter > 0 ? Option.some(retryAfter) : Option.none()
}
