/**
 * A call to the API, from the token to the answer: what happens on a 401, a 403 and a 429.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { apiStateOf, CxoneAuth } from "../auth/CxoneAuth.js"
import { type CxoneAuthError, RateLimited } from "../errors/CxoneAuthError.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as Transport from "../http/Transport.js"
import * as Spans from "../telemetry/Spans.js"
import type * as Throttle from "../throttle/Throttle.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import * as ApiResponse from "./ApiResponse.js"
import * as CallOptions from "./CallOptions.js"
import type { CallPolicy } from "./CallPolicy.js"
import * as OriginGuard from "./OriginGuard.js"
import * as RedactedResponse from "./RedactedResponse.js"
import * as Replay from "./Replay.js"

export interface ApiCallOptions {
  readonly policy: CallPolicy
  readonly allowed: OriginGuard.AllowedPlaces
  readonly tracerPropagation: boolean
  /** The scopes of every call's token. Default: those of `CxoneAuth`. */
  readonly scopes: ScopeSet | undefined
  /** For how many milliseconds a call may be held back. */
  readonly patience: number
}

type Request = HttpClientRequest.HttpClientRequest

type Outcome<A> = Effect.Effect<A, HttpClientError | CxoneAuthError>

/** A call, and how it has gone so far. */
interface Call {
  /** The request as the caller made it. */
  readonly asked: Request
  readonly apiBaseUrl: string
  /** The same request, resolved against the API base URL. */
  readonly request: Request
  readonly token: Effect.Effect<AccessToken, CxoneAuthError>
  readonly visitor: Throttle.Visitor
  /** Whether it may be sent again after "not yet". */
  readonly mayBeRepeated: boolean
  /** The token that was refused, and why. */
  readonly refused?: { readonly token: AccessToken; readonly refusal: ApiResponse.Refusal }
  /** How the API said "not yet". */
  readonly limited?: RateLimited
}

/**
 * Makes the function that makes the calls. It checks where the request goes (C1) and sends it with a valid token. If
 * the API refuses the token, it sends the request again with a new one (C2). If the API says "not yet", it sends the
 * request again later, if the caller has the patience (C4).
 */
export const make = Effect.fnUntraced(function* (client: ApiCallOptions) {
  const { policy } = client
  const auth = yield* CxoneAuth
  const http = Transport.make(yield* HttpClient.HttpClient)
  const { droppedForStream, refusedFresh, throttle } = yield* apiStateOf(auth)
  const tokenWith = (wanted: ScopeSet | undefined) =>
    wanted === undefined ? auth.accessToken : auth.accessTokenFor(wanted)
  const tokenOfClient = tokenWith(client.scopes)

  // All calls with the same token share one header string, because a newly built string costs the transport more.
  const bearers = new WeakMap<AccessToken, string>()
  const bearerOf = (token: AccessToken): string => {
    const bearer = bearers.get(token) ?? `Bearer ${Redacted.value(token.value)}`
    bearers.set(token, bearer)
    return bearer
  }

  // Almost every call has the API base URL of the call before, so it is not parsed again.
  let base: { readonly given: string; readonly url: URL } | undefined
  const baseAt = (given: string): URL => {
    base = base?.given === given ? base : { given, url: baseOf(given) }
    return base.url
  }

  const resolve = (asked: Request, apiBaseUrl: string) =>
    OriginGuard.resolve(acceptingJson(asked), baseAt(apiBaseUrl), client.allowed)

  const send = (request: Request, token: AccessToken): Outcome<ApiResponse.ApiResponse> =>
    Spans.requestSpan(request, client.tracerPropagation, (traced) =>
      http.execute(HttpClientRequest.setHeader(traced, "authorization", bearerOf(token))).pipe(
        Effect.matchCauseEffect({
          onFailure: (cause) => Effect.failCause(RedactedResponse.makeCause(cause, request, [token.value])),
          onSuccess: (response) => Effect.succeed(RedactedResponse.make(request, response, [token.value]))
        })
      )
    ).pipe(Effect.map((response) => ApiResponse.make(request, token, response)))

  const heedRateLimit = (answer: ApiResponse.ApiResponse): Outcome<ApiResponse.ApiResponse> =>
    answer.response.status < 400
      ? Effect.succeed(answer)
      : Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Option.match(ApiResponse.rateLimited(answer, now, policy), {
            onNone: () => Effect.succeed(answer),
            onSome: (error) =>
              Effect.zipRight(throttle.close(error.origin, error, policy), ApiResponse.failWith(answer, policy, error))
          })
        )

  // The token is asked for behind the gate, because it could end while the call is held back.
  const attempt = (call: Call): Outcome<ApiResponse.ApiResponse> =>
    throttle.through(
      call.request.url,
      call.visitor,
      Effect.flatMap(call.token, (token) => {
        if (call.refused !== undefined && isSame(call.refused.token, token)) {
          return refuseForGood(token, call.request, call.refused.refusal)
        }
        const sent = Effect.flatMap(send(call.request, token), heedRateLimit)
        return token.tenant === undefined
          ? sent
          : Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
              // If the credentials now belong to another tenant, the request goes to that tenant's API.
              apiBaseUrl === call.apiBaseUrl
                ? sent
                : Effect.flatMap(resolve(call.asked, apiBaseUrl), (request) =>
                    attempt({ ...call, apiBaseUrl, request })
                  )
            )
      })
    )

  const attemptInTime = (call: Call): Outcome<ApiResponse.ApiResponse> =>
    Effect.catchTag(attempt(call), "RateLimited", (error) => {
      if (error.reason === "api" && call.mayBeRepeated && call.visitor.patience > 0) {
        return attemptInTime({ ...call, limited: error })
      }
      // The caller gets the API's answer to this call, because that says more than `held_back`.
      return call.limited === undefined || error.reason === "token_endpoint"
        ? Effect.fail(error)
        : new RateLimited({ ...error, reason: call.limited.reason, status: call.limited.status })
    })

  const deliver = (call: Call): Outcome<HttpClientResponse> =>
    Effect.flatMap(attemptInTime(call), (answer) =>
      ApiResponse.isTokenRefusal(answer) ? recover(call, answer) : ApiResponse.judge(answer, policy)
    )

  const recover = Effect.fnUntraced(function* (call: Call, answer: ApiResponse.ApiResponse) {
    const { request, token } = answer
    // The body of the refusal is read before the renewal, because an unread body keeps its connection, and the renewal
    // may take long or fail.
    const refusal = yield* ApiResponse.refusalOf(answer, policy)
    if (call.refused !== undefined) {
      return yield* refuseForGood(token, request, refusal)
    }
    if (yield* refusedFresh.knows(token, placeOf(request))) {
      return yield* ApiResponse.invalidToken(refusal, "refused_again")
    }
    if (!Replay.canBeSentAgain(request)) {
      return yield* refuseStream(answer, refusal)
    }
    yield* auth.invalidate(token)
    return yield* deliver({ ...call, refused: { token, refusal } })
  })

  const refuseForGood = (token: AccessToken, request: Request, refusal: ApiResponse.Refusal): Outcome<never> =>
    Effect.zipRight(
      refusedFresh.remember(token, placeOf(request), policy.refusedTokenMemory),
      ApiResponse.invalidToken(refusal, "refused_again")
    )

  // A stream can't be sent again: only the next call shows whether a new token helps.
  const refuseStream = Effect.fnUntraced(function* (
    { request, token }: ApiResponse.ApiResponse,
    refusal: ApiResponse.Refusal
  ) {
    if (yield* droppedForStream.knowsAnother(token, placeOf(request))) {
      return yield* refuseForGood(token, request, refusal)
    }
    yield* droppedForStream.remember(token, placeOf(request), policy.refusedTokenMemory)
    yield* auth.invalidate(token)
    return yield* ApiResponse.invalidToken(refusal, "body_not_replayable")
  })

  return (asked: Request): Outcome<HttpClientResponse> =>
    Effect.withFiberRuntime(({ currentContext }) => {
      const options = Context.get(currentContext, CallOptions.CurrentCallOptions)
      const token = options.scopes === undefined ? tokenOfClient : tokenWith(options.scopes)
      const visitor = throttle.visitor(options.patience ?? client.patience, policy.maxWaitingCalls)
      const mayBeRepeated = (options.isIdempotent ?? Replay.isIdempotent(asked)) && Replay.canBeSentAgain(asked)
      return Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
        Effect.flatMap(resolve(asked, apiBaseUrl), (request) =>
          deliver({ asked, apiBaseUrl, request, token, visitor, mayBeRepeated })
        )
      )
    })
})

// A service that the app built itself may give any text.
const baseOf = (apiBaseUrl: string): URL =>
  SecureUrl.folderOf(
    Either.getOrThrowWith(
      SecureUrl.parse(apiBaseUrl),
      (objection) => new TypeError(`CxoneAuth: the service's apiBaseUrl ${objection}`)
    )
  )

// CXone answers "No known way to render data" to a request that doesn't say what it accepts (docs/cxone-facts.md).
const acceptingJson = (request: Request): Request =>
  request.headers.accept === undefined ? HttpClientRequest.acceptJson(request) : request

/** Where a request goes. A route that refuses every token must not keep the other routes from a renewal. */
const placeOf = ({ method, url }: Request): string => `${method} ${SecureUrl.nameOf(new URL(url))}`
