/**
 * The type of the authenticated `HttpClient`, and the way to the platform's own type and back.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, isHttpClientError, RequestError } from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"

/**
 * The `HttpClient` of `@effect/platform`, whose calls can also fail because of the token.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthenticatedHttpClient = HttpClient.HttpClient.With<HttpClientError | CxoneAuthError>

/** A failure of the platform's type that stands for one of ours. */
class Wrapped extends RequestError {
  declare readonly cause: CxoneAuthError

  constructor(request: HttpClientRequest.HttpClientRequest, cause: CxoneAuthError) {
    // Of the platform's reasons the only one that stands for neither a wrong URL nor a failure that may pass.
    super({ request, reason: "Encode", description: `${cause._tag}: ${cause.message}`, cause })
  }
}

/**
 * The client as the platform's plain type, which is what generated clients take: a failure because of the token becomes
 * a `RequestError` that says the same. {@link unwrapErrors} makes the typed error of it again.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toPlain = (client: AuthenticatedHttpClient): HttpClient.HttpClient =>
  HttpClient.makeWith<HttpClientError, never, HttpClientError, never>(
    Effect.flatMap((request) =>
      Effect.mapError(client.execute(request), (error) =>
        isHttpClientError(error) ? error : new Wrapped(request, error)
      )
    ),
    Effect.succeed
  )

/**
 * Gives the failures of a client that was made plain their types again.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unwrapErrors = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | CxoneAuthError, R> =>
  Effect.mapError(effect, (error) => (error instanceof Wrapped ? error.cause : error))
