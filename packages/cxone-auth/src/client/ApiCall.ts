/**
 * A call to the API, from the token to the answer: what happens on a 401, a 403 and a 429.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { CxoneAuthService } from "../auth/CxoneAuth.js"
import { type CxoneAuthError, RateLimited } from "../errors/CxoneAuthError.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as Spans from "../telemetry/Spans.js"
import type { Throttle, Visitor } from "../throttle/Throttle.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as ApiResponse from "./ApiResponse.js"
import type { CallOptions } from "./CallOptions.js"
import * as OriginGuard from "./OriginGuard.js"
import * as RedactedResponse from "./RedactedResponse.js"
import type { RefusedTokens } from "./RefusedTokens.js"
import * as Replay from "./Replay.js"

export interface ApiCallOptions {
  readonly auth: CxoneAuthService
  /** The transport. It must not follow redirects, and must not open a span of its own. */
  readonly http: HttpClient.HttpClient
  readonly policy: TokenPolicy
  readonly allowed: OriginGuard.AllowedPlaces
  readonly tracerPropagation: boolean
  readonly throttle: Throttle
  /** The tokens that were refused although they were new. */
  readonly refusedFresh: RefusedTokens
  /** The tokens that were dropped because a request was refused that could not be sent again. */
  readonly droppedForStream: RefusedTokens
  /** The scopes of every call's token. Default: those of `auth`. */
  readonly scopes: ScopeSet | undefined
  /** For how many milliseconds a call may be held back. */
  readonly patience: number
}

type Request = HttpClientRequest.HttpClientRequest

type Outcome<A> = Effect.Effect<A, HttpClientError | CxoneAuthError>

/** A call, and how it has gone so far. */
interface Call {
  readonly request: Request
  readonly token: Effect.Effect<AccessToken, CxoneAuthError>
  readonly visitor: Visitor
  /** Whether it may be sent again after "not yet". */
  readonly mayBeRepeated: boolean
  /** The token that was refused, and why. */
  readonly refused?: { readonly token: AccessToken; readonly refusal: ApiResponse.Refusal }
  /** How the API said "not yet". */
  readonly limited?: RateLimited
}

/** A request, resolved against the API that it goes to. */
interface Aim {
  readonly apiBaseUrl: URL
  readonly request: Request
}

/**
 * Makes the function that makes the calls: with a valid token, past the guard (C1); again with a new token if the first was
 * refused (C2); and again later if the API says "not yet" and the caller has the patience (C4).
 */
export const make = (
  client: ApiCallOptions
): ((request: Request, options: CallOptions) => Outcome<HttpClientResponse>) => {
  const { auth, droppedForStream, policy, refusedFresh, throttle } = client
  const tokenWith = (wanted: ScopeSet | undefined) =>
    wanted === undefined ? auth.accessToken : auth.accessTokenFor(wanted)
  const tokenOfClient = tokenWith(client.scopes)

  // One text for all calls with a token, because a transport writes out a new one letter by letter.
  const bearers = new WeakMap<AccessToken, string>()
  const bearerOf = (token: AccessToken): string => {
    const bearer = bearers.get(token) ?? `Bearer ${Redacted.value(token.value)}`
    bearers.set(token, bearer)
    return bearer
  }

  const aimAt = ({ request }: Call, apiBaseUrl: URL): Outcome<Aim> =>
    Effect.map(OriginGuard.resolve(acceptingJson(request), apiBaseUrl, client.allowed), (resolved) => ({
      apiBaseUrl,
      request: resolved
    }))

  const send = (request: Request, token: AccessToken): Outcome<ApiResponse.ApiResponse> =>
    Spans.requestSpan(request, client.tracerPropagation, (traced) =>
      client.http.execute(HttpClientRequest.setHeader(traced, "authorization", bearerOf(token))).pipe(
        Effect.mapBoth({
          onFailure: (error) => RedactedResponse.makeError(error, request, [token.value]),
          onSuccess: (response) => RedactedResponse.make(request, response, [token.value])
        })
      )
    ).pipe(Effect.map((response) => ApiResponse.make(request, token, response)))

  const heedRateLimit = (answer: ApiResponse.ApiResponse): Outcome<ApiResponse.ApiResponse> =>
    answer.response.status < 400
      ? Effect.succeed(answer)
      : Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Option.match(ApiResponse.rateLimited(answer, now), {
            onNone: () => Effect.succeed(answer),
            onSome: (error) =>
              Effect.zipRight(
                throttle.close(error.origin, error.retryAfter),
                ApiResponse.failWith(answer, policy, error)
              )
          })
        )

  // The token is asked for behind the gate, because it could end while the call is held back.
  const attempt = (call: Call, aim: Aim): Outcome<ApiResponse.ApiResponse> =>
    throttle.through(
      aim.request.url,
      call.visitor,
      Effect.flatMap(call.token, (token) => {
        if (call.refused !== undefined && isSame(call.refused.token, token)) {
          return refuseForGood(token, aim.request, call.refused.refusal)
        }
        const sent = Effect.flatMap(send(aim.request, token), heedRateLimit)
        return token.tenant === undefined
          ? sent
          : Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
              // If the credentials now belong to another tenant, the request goes to that tenant's API.
              apiBaseUrl.href === aim.apiBaseUrl.href
                ? sent
                : Effect.flatMap(aimAt(call, apiBaseUrl), (moved) => attempt(call, moved))
            )
      })
    )

  const attemptInTime = (call: Call, aim: Aim): Outcome<ApiResponse.ApiResponse> =>
    Effect.catchTag(attempt(call, aim), "RateLimited", (error) => {
      if (error.reason === "api" && call.mayBeRepeated && call.visitor.patience > 0) {
        return attemptInTime({ ...call, limited: error }, aim)
      }
      // The API's answer to this call says more than that the call was then held back.
      return call.limited === undefined || error.reason === "token_endpoint"
        ? Effect.fail(error)
        : new RateLimited({ ...call.limited, retryAfter: error.retryAfter })
    })

  const deliver = (call: Call, aim: Aim): Outcome<HttpClientResponse> =>
    Effect.flatMap(attemptInTime(call, aim), (answer) =>
      ApiResponse.isTokenRefusal(answer) ? recover(call, aim, answer) : ApiResponse.judge(answer, policy)
    )

  const recover = Effect.fnUntraced(function* (call: Call, aim: Aim, answer: ApiResponse.ApiResponse) {
    const { request, token } = answer
    // Read before the renewal, which may take long or fail, because the body keeps its connection until it is read.
    const refusal = yield* ApiResponse.refusalOf(answer, policy)
    if (call.refused !== undefined) {
      return yield* refuseForGood(token, request, refusal)
    }
    if (yield* refusedFresh.knows(token, placeOf(request))) {
      return yield* ApiResponse.invalidToken(refusal, "refused_again")
    }
    if (!Replay.canBeSentAgain(request)) {
      return yield* refuseStream(token, request, refusal)
    }
    yield* auth.invalidate(token)
    return yield* deliver({ ...call, refused: { token, refusal } }, aim)
  })

  const refuseForGood = (token: AccessToken, request: Request, refusal: ApiResponse.Refusal): Outcome<never> =>
    Effect.zipRight(refusedFresh.remember(token, placeOf(request)), ApiResponse.invalidToken(refusal, "refused_again"))

  // A stream can't be sent again: only the next call shows whether a new token helps.
  const refuseStream = Effect.fnUntraced(function* (
    token: AccessToken,
    request: Request,
    refusal: ApiResponse.Refusal
  ) {
    if (yield* droppedForStream.knowsAnother(token, placeOf(request))) {
      return yield* refuseForGood(token, request, refusal)
    }
    yield* droppedForStream.remember(token, placeOf(request))
    yield* auth.invalidate(token)
    return yield* ApiResponse.invalidToken(refusal, "body_not_replayable")
  })

  return (request, options) => {
    const call: Call = {
      request,
      token: options.scopes === undefined ? tokenOfClient : tokenWith(options.scopes),
      visitor: throttle.visitor(options.patience ?? client.patience),
      mayBeRepeated: (options.isIdempotent ?? Replay.isIdempotent(request)) && Replay.canBeSentAgain(request)
    }
    return Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
      Effect.flatMap(aimAt(call, apiBaseUrl), (aim) => deliver(call, aim))
    )
  }
}

// CXone answers "No known way to render data" to a request that doesn't say what it accepts (docs/cxone-facts.md).
const acceptingJson = (request: Request): Request =>
  request.headers.accept === undefined ? HttpClientRequest.acceptJson(request) : request

/** Where a request goes. A route that refuses every token must not keep the other routes from a renewal. */
const placeOf = ({ method, url }: Request): string => `${method} ${SecureUrl.nameOf(new URL(url))}`
