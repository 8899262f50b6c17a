/**
 * A call to the API, from the token to the answer: what happens on a 401, a 403 and a 429.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Struct from "effect/Struct"
import { apiStateOf, CxoneAuth, type Verdict } from "../auth/CxoneAuth.js"
import { type CxoneAuthError, RateLimited } from "../errors/CxoneAuthError.js"
import * as Deadline from "../http/Deadline.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as Transport from "../http/Transport.js"
import * as Logs from "../telemetry/Logs.js"
import * as Spans from "../telemetry/Spans.js"
import type * as Throttle from "../throttle/Throttle.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import * as ApiResponse from "./ApiResponse.js"
import * as CallOptions from "./CallOptions.js"
import type { CallPolicy } from "./CallPolicy.js"
import * as OriginGuard from "./OriginGuard.js"
import * as RateLimitKey from "./RateLimitKey.js"
import * as RedactedResponse from "./RedactedResponse.js"
import * as Replay from "./Replay.js"
import * as TokenRefusal from "./TokenRefusal.js"

export interface ApiCallOptions {
  readonly policy: CallPolicy
  readonly allowed: OriginGuard.AllowedPlaces
  readonly tracerPropagation: boolean
  /** The scopes of every call's token. Default: those of `CxoneAuth`. */
  readonly scopes: ScopeSet | undefined
  /** For how many milliseconds a call may be held back. */
  readonly patience: number
  /** The limit of CXone's that a request counts against. */
  readonly limitOf: (request: Request) => Throttle.Limit
  /** Whether the route that a 429 names counts. It does not if the app says itself which calls share a limit. */
  readonly heedsNames: boolean
  readonly asResponse: CallOptions.AsResponse
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
  /** Why it may not be sent again after "not yet". Absent if it may. */
  readonly notSentAgain: RateLimited["notSentAgain"]
  /** Whether the caller wants an answer as it is, in place of the error that it stands for. */
  readonly wants: (answer: ApiResponse.ApiResponse) => boolean
  /** The token that was refused before this one. */
  readonly refused?: AccessToken
  /** How many times it has waited for its token to arrive everywhere. */
  readonly waits: number
  /** How the API said "not yet". */
  readonly limited?: RateLimited
}

/** The API said "not yet". Nobody has read the answer. For `left` milliseconds nothing is sent. */
class NotYet extends Data.TaggedError("NotYet")<{
  readonly answer: ApiResponse.ApiResponse
  readonly said: ApiResponse.NotYet
  readonly left: number
}> {}

/**
 * Makes the function that makes the calls. It checks where the request goes (C1) and sends it with a valid token. If
 * the API refuses the token, it sends the request again, with a new one or after a moment (C2). If the API says "not yet",
 * it sends the request again later, if the caller has the patience (C4).
 */
export const make = Effect.fnUntraced(function* (client: ApiCallOptions) {
  const { limitOf, policy } = client
  const auth = yield* CxoneAuth
  const transport = Transport.make(yield* HttpClient.HttpClient)
  const { apiBaseUrlOf, holds, renew, renewals, report, throttle } = yield* apiStateOf(auth)
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

  const send = (request: Request, token: AccessToken): Outcome<HttpClientResponse> =>
    Spans.requestSpan(request, client.tracerPropagation, (traced) =>
      Effect.matchCauseEffect(transport(HttpClientRequest.setHeader(traced, "authorization", bearerOf(token))), {
        onFailure: (cause) => Effect.failCause(RedactedResponse.makeCause(cause, request, [token.value])),
        onSuccess: (response) => Effect.succeed(RedactedResponse.make(request, response, [token.value]))
      })
    )

  /** Closes the gate. The call whose answer began a pause says so in the log. */
  const close = Effect.fnUntraced(function* (
    answer: ApiResponse.ApiResponse,
    visitor: Throttle.Visitor,
    said: ApiResponse.NotYet
  ) {
    const { left, limited, wasOpen } = yield* throttle.close(limitOf(answer.request), visitor, said, policy)
    if (wasOpen) {
      const { origin, route = "any path" } = limited
      const lasts = Duration.millis(left)
      const tenant = answer.token.tenant?.tenantId
      const held =
        said.retryAfter === undefined
          ? `Requests to ${route} that may wait pause for now; others are sent.`
          : `No request is sent to ${route} for now.`
      const message = `${origin} answered ${said.status}. ${held}`
      yield* report(Logs.warn(message, { tenant, lasts }))
    }
    return yield* new NotYet({ answer, said, left })
  })

  const heedRateLimit = (
    answer: ApiResponse.ApiResponse,
    visitor: Throttle.Visitor
  ): Effect.Effect<ApiResponse.ApiResponse, NotYet> =>
    answer.response.status < 400
      ? Effect.succeed(answer)
      : Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Option.match(ApiResponse.notYet(answer, now, policy), {
            onNone: () => Effect.succeed(answer),
            onSome: (said) => close(answer, visitor, said)
          })
        )

  // The token is asked for behind the gate, because it could end while the call is held back. It may take long.
  const attempt = (call: Call): Effect.Effect<ApiResponse.ApiResponse, HttpClientError | CxoneAuthError | NotYet> =>
    throttle.through(
      () => limitOf(call.request),
      call.visitor,
      call.token,
      (token): ReturnType<typeof attempt> => {
        const sent = Effect.flatMap(send(call.request, token), (response) =>
          heedRateLimit(ApiResponse.make(call.request, token, response), call.visitor)
        )
        return Effect.flatMap(apiBaseUrlOf(token), (apiBaseUrl) =>
          // If the token belongs to another tenant, the request goes to that tenant's API.
          apiBaseUrl === call.apiBaseUrl
            ? sent
            : Effect.flatMap(resolve(call.asked, apiBaseUrl), (request) => attempt({ ...call, apiBaseUrl, request }))
        )
      }
    )

  const attemptInTime = (call: Call): Outcome<ApiResponse.ApiResponse> =>
    Effect.catchTags(attempt(call), {
      NotYet: (notYet) => waitOrEnd(call, notYet),
      // The caller gets the API's answer to this call, because that says more than `held_back`.
      RateLimited: (error) =>
        call.limited === undefined || error.reason === "token_endpoint"
          ? Effect.fail(error)
          : new RateLimited({ ...error, ...Struct.omit(call.limited, "retryAfter") })
    })

  const waitOrEnd = (call: Call, { answer, left, said }: NotYet): Outcome<ApiResponse.ApiResponse> => {
    const { notSentAgain, visitor } = call
    const isWanted = call.wants(answer)
    const isTooLong = left > visitor.patience
    const isPatient = visitor.patience > 0 && (!isWanted || !isTooLong)
    if (isWanted && (notSentAgain !== undefined || !isPatient)) {
      return Effect.succeed(answer)
    }
    return Effect.flatMap(Effect.timed(rateLimited(answer, visitor, said)), ([reading, error]) => {
      // Most of the pause may be over by now. If the reading didn't count as a wait, a call could be sent again for ever.
      visitor.patience -= Duration.toMillis(reading)
      const tooShort = new RateLimited({ ...error, notSentAgain: "wait_too_short" })
      if (!isPatient) {
        return call.limited === undefined ? error : tooShort
      }
      if (notSentAgain !== undefined) {
        return isTooLong ? tooShort : new RateLimited({ ...error, notSentAgain })
      }
      return visitor.patience > 0 ? attemptInTime({ ...call, limited: error }) : tooShort
    })
  }

  /** The error for such an answer, with what its body says. The gate was closed before, because reading may take a second. */
  const rateLimited = Effect.fnUntraced(function* (
    answer: ApiResponse.ApiResponse,
    visitor: Throttle.Visitor,
    notYet: ApiResponse.NotYet
  ) {
    const limit = limitOf(answer.request)
    const { name, route, said } = yield* ApiResponse.limitIn(answer, policy)
    const isNamed = client.heedsNames && name !== undefined
    const limited = isNamed ? yield* throttle.rename(limit, { name, route }) : limit
    yield* isNamed ? throttle.close(limited, visitor, notYet, policy) : Effect.void
    return new RateLimited({ reason: "api", ...Struct.omit(limited, "key"), ...said, ...notYet })
  })

  const deliver = (call: Call): Outcome<HttpClientResponse> =>
    Effect.flatMap(attemptInTime(call), (answer) => {
      if (ApiResponse.isTokenRefusal(answer)) {
        return recover(call, answer)
      }
      // A 429 or 5xx may come from a server in front of the one that looks at tokens.
      if (answer.response.status < 500 && answer.response.status !== 429) {
        renewals.forgive(() => RateLimitKey.placeOf(answer.request), answer.token)
      }
      return call.wants(answer) ? Effect.succeed(answer.response) : ApiResponse.judge(answer, policy)
    })

  const recover = Effect.fnUntraced(function* (call: Call, answer: ApiResponse.ApiResponse) {
    const { request, token } = answer
    const canBeSentAgain = Replay.canBeSentAgain(request)
    const verdict = yield* renewals.judge(
      {
        token,
        place: RateLimitKey.placeOf(request),
        isHeld: holds(token),
        before: call.refused,
        waits: call.waits,
        canBeSentAgain
      },
      policy
    )
    if (verdict._tag === "Refuse" && verdict.isFirst) {
      yield* report(TokenRefusal.warn(answer, verdict))
    }
    // At once, so that other calls with the same token find its renewal under way and cause no further one.
    const renewed = verdict._tag === "Renew" || verdict._tag === "Resend" ? yield* renew(token) : Effect.void
    if (verdict._tag === "Renew") {
      // In a fiber of its own, because this call may leave before the renewal ends.
      yield* Effect.catchAll(renewed, (failure) => Effect.sync(() => renewals.giveBack(token, failure))).pipe(
        Effect.interruptible,
        Effect.forkDaemon
      )
    }
    if (verdict._tag === "Refuse" || !canBeSentAgain) {
      // So that the next call has the new token, if that comes soon.
      const ended = yield* Effect.either(Deadline.within(policy.discardTimeout)(renewed))
      if (Either.isRight(ended) || ended.left._tag === "TimeoutException" || call.wants(answer)) {
        return yield* endRefused(call, answer, verdict)
      }
      yield* ApiResponse.discard(answer, policy)
      return yield* ended.left
    }
    // Read before the wait for the renewal, because an unread body keeps its connection, and the wait may be long or fail.
    yield* ApiResponse.discard(answer, policy)
    if (verdict._tag === "Await") {
      yield* Effect.sleep(verdict.delay)
      return yield* deliver({ ...call, waits: call.waits + 1 })
    }
    yield* renewed
    return yield* deliver({ ...call, refused: token })
  })

  /** Ends a call whose token was refused, and that is not sent again. */
  const endRefused = (call: Call, answer: ApiResponse.ApiResponse, verdict: Verdict): Outcome<HttpClientResponse> =>
    call.wants(answer)
      ? Effect.succeed(answer.response)
      : Effect.flatMap(ApiResponse.refusalOf(answer, policy), (refusal) => TokenRefusal.errorOf(refusal, verdict))

  return (asked: Request): Outcome<HttpClientResponse> =>
    Effect.withFiberRuntime(({ currentContext }) => {
      const options = Context.get(currentContext, CallOptions.CurrentCallOptions)
      const token = options.scopes === undefined ? tokenOfClient : tokenWith(options.scopes)
      const visitor = throttle.visitor(options.patience ?? client.patience, policy.maxWaitingCalls)
      const asResponse: ReadonlyArray<number> = options.asResponse ?? client.asResponse
      const wants = ({ response }: ApiResponse.ApiResponse) => asResponse.includes(response.status)
      const notSentAgain = Replay.objectionTo(asked, options.isIdempotent)
      return Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
        Either.match(resolve(asked, apiBaseUrl), {
          onLeft: Effect.fail,
          onRight: (request) => deliver({ asked, apiBaseUrl, request, token, visitor, notSentAgain, wants, waits: 0 })
        })
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
