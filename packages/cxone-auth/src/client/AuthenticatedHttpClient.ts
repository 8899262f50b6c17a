/**
 * The type of the authenticated client, and the way to the platform's plain type and back.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, isHttpClientError, RequestError } from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as CauseChain from "../http/CauseChain.js"
import * as RequestScope from "../http/RequestScope.js"

/**
 * The `HttpClient` of `@effect/platform`, whose calls can also fail with a {@link CxoneAuthError}.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthenticatedHttpClient = HttpClient.HttpClient.With<HttpClientError | CxoneAuthError>

// A brand in place of `instanceof`, because an app may have two copies of this package.
const WrappedId: unique symbol = Symbol.for("cxone-auth/Wrapped")

/** One of our errors as an error of the platform's type. */
class Wrapped extends RequestError {
  declare readonly cause: CxoneAuthError
  readonly [WrappedId] = WrappedId

  constructor(request: HttpClientRequest.HttpClientRequest, cause: CxoneAuthError) {
    // `Encode` is the platform's only reason that means neither a wrong URL nor a transient failure.
    super({ request, reason: "Encode", description: `${cause._tag}: ${cause.message}`, cause })
  }
}

/** The client as the platform's plain type, which generated clients take. Our errors become `RequestError`s. */
export const toPlain = (client: AuthenticatedHttpClient): HttpClient.HttpClient =>
  HttpClient.makeWith<HttpClientError, never, HttpClientError, never>(
    Effect.flatMap((request) =>
      Effect.mapError(RequestScope.within(request, client.execute(request)), (error) =>
        isHttpClientError(error) ? error : new Wrapped(request, error)
      )
    ),
    Effect.succeed
  )

/** Turns errors that hold one of ours, such as those of a plain client, into ours again. */
export const unwrapErrors = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | CxoneAuthError, R> =>
  Effect.mapError(effect, (error) => oursIn(error) ?? error)

const isOurs = Schema.is(CxoneAuthError)

const isWrapped = (error: unknown): error is Wrapped => Predicate.hasProperty(error, WrappedId)

const oursIn = (failure: unknown): CxoneAuthError | undefined => {
  for (const error of CauseChain.of(failure)) {
    if (isOurs(error)) {
      return error
    }
    if (isWrapped(error)) {
      return error.cause
    }
  }
  return undefined
}
