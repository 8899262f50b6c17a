/**
 * A call to the API, from the token to the answer.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { CxoneAuthService } from "../auth/CxoneAuth.js"
import { RateLimited } from "../errors/ApiError.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as Spans from "../telemetry/Spans.js"
import type { RateGates } from "../throttle/Throttle.js"
import type { Visitor } from "../throttle/WaitingLine.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as ApiResponse from "./ApiResponse.js"
import type { CallOptions } from "./CallOptions.js"
import * as OriginGuard from "./OriginGuard.js"
import * as RedactedResponse from "./RedactedResponse.js"
import type { TokenMemory } from "./RefusedTokens.js"
import * as Replay from "./Replay.js"

/**
 * What calls are made with.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiCallOptions {
  readonly auth: CxoneAuthService
  /** The transport: it must not follow redirects, nor open a span of its own. */
  readonly http: HttpClient.HttpClient
  readonly policy: TokenPolicy
  readonly allowed: OriginGuard.AllowedPlaces
  readonly tracerPropagation: boolean
  readonly gates: RateGates
  /** The tokens that were refused although they were new. */
  readonly refusedFresh: TokenMemory
  /** The tokens that were dropped because a request was refused that could not be sent again. */
  readonly droppedForStream: TokenMemory
  /** The scopes of every call's token; those of `auth` where there are none. */
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

/** Where a call goes, for the API that is there. */
interface Aim {
  readonly apiBaseUrl: URL
  readonly request: Request
}

/**
 * Makes the function that makes the calls: with a valid token, past the guard (C1), again with a new token where the
 * first was refused (C2), and again later where the API says "not yet" and the caller has the patience (C4).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({
  allowed,
  auth,
  droppedForStream,
  gates,
  http,
  patience,
  policy,
  refusedFresh,
  scopes,
  tracerPropagation
}: ApiCallOptions): ((request: Request, options: CallOptions) => Outcome<HttpClientResponse>) => {
  const tokenWith = (wanted: ScopeSet | undefined) =>
    wanted === undefined ? auth.accessToken : auth.accessTokenFor(wanted)
  const tokenOfClient = tokenWith(scopes)

  // One text for all the calls with a token: each anew would be written out letter by letter on its way to the wire.
  const bearers = new WeakMap<AccessToken, string>()
  const bearerOf = (token: AccessToken): string => {
    const bearer = bearers.get(token) ?? `Bearer ${Redacted.value(token.value)}`
    bearers.set(token, bearer)
    return bearer
  }

  const aimAt = ({ request }: Pick<Call, "request">, apiBaseUrl: URL): Outcome<Aim> =>
    Either.map(OriginGuard.resolve(acceptingJson(request), apiBaseUrl, allowed), (resolved) => ({
      apiBaseUrl,
      request: resolved
    }))

  const send = (request: Request, token: AccessToken): Outcome<ApiResponse.ApiAnswer> =>
    Spans.requestSpan(request, tracerPropagation, (traced) =>
      http.execute(HttpClientRequest.setHeader(traced, "authorization", bearerOf(token))).pipe(
        Effect.mapBoth({
          onFailure: (error) => RedactedResponse.makeError(error, request, [token.value]),
          onSuccess: (response) => RedactedResponse.make(request, response, [token.value])
        })
      )
    ).pipe(Effect.map((response) => ({ request, token, response })))

  const heedRateLimit = (answer: ApiResponse.ApiAnswer): Outcome<ApiResponse.ApiAnswer> =>
    answer.response.status < 400
      ? Effect.succeed(answer)
      : Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Option.match(ApiResponse.rateLimited(answer, now), {
            onNone: () => Effect.succeed(answer),
            onSome: (error) =>
              Effect.zipRight(gates.close(error.origin, error.retryAfter), ApiResponse.failWith(answer, policy, error))
          })
        )

  // The token comes after the gate: it could end while the call is held back.
  const attempt = (call: Call, aim: Aim): Outcome<ApiResponse.ApiAnswer> =>
    gates.through(
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
              // Credentials of another tenant bring another API with them: the one before the token is not that of it.
              apiBaseUrl.href === aim.apiBaseUrl.href
                ? sent
                : Effect.flatMap(aimAt(call, apiBaseUrl), (moved) => attempt(call, moved))
            )
      })
    )

  const attemptInTime = (call: Call, aim: Aim): Outcome<ApiResponse.ApiAnswer> =>
    Effect.catchTag(attempt(call, aim), "RateLimited", (error) => {
      if (error.reason === "api" && call.mayBeRepeated && call.visitor.patience > 0) {
        return attemptInTime({ ...call, limited: error }, aim)
      }
      // What the API answered to this call tells more than that it was not let through again.
      return call.limited === undefined || error.reason === "token_endpoint"
        ? Effect.fail(error)
        : new RateLimited({ ...call.limited, retryAfter: error.retryAfter })
    })

  const deliver = (call: Call, aim: Aim): Outcome<HttpClientResponse> =>
    Effect.flatMap(attemptInTime(call, aim), (answer) =>
      ApiResponse.isTokenRefusal(answer) ? recover(call, aim, answer) : ApiResponse.judge(answer, policy)
    )

  const recover = (call: Call, aim: Aim, answer: ApiResponse.ApiAnswer): Outcome<HttpClientResponse> =>
    Effect.gen(function* () {
      const { request, token } = answer
      // Before the renewal, which may take long or fail: until then the body keeps its connection.
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

  // Nothing shows here whether a new token helps but the next call, so that call's refusal is the second one.
  const refuseStream = (token: AccessToken, request: Request, refusal: ApiResponse.Refusal): Outcome<never> =>
    Effect.gen(function* () {
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
      visitor: gates.visitor(options.patience ?? patience),
      mayBeRepeated: (options.isIdempotent ?? Replay.isIdempotent(request)) && Replay.canBeSentAgain(request)
    }
    return Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
      Effect.flatMap(aimAt(call, apiBaseUrl), (aim) => deliver(call, aim))
    )
  }
}

// CXone answers "No known way to render data" to whoever does not say what they accept (facts §4a).
const acceptingJson = (request: Request): Request =>
  request.headers.accept === undefined ? HttpClientRequest.acceptJson(request) : request

// One route that refuses whatever token it gets is no reason to give up on the others.
const placeOf = ({ method, url }: Request): string => {
  const { origin, pathname } = new URL(url)
  return `${method} ${origin}${pathname}`
}
