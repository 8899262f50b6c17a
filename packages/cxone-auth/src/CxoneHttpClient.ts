/**
 * The authenticated `HttpClient`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { type AccessToken, isSame } from "./AccessToken.js"
import * as ApiAnswer from "./ApiAnswer.js"
import * as CallerResponse from "./CallerResponse.js"
import { CxoneAuth } from "./CxoneAuth.js"
import type { CxoneAuthError } from "./CxoneError.js"
import * as ManualRedirect from "./ManualRedirect.js"
import * as OriginGuard from "./OriginGuard.js"
import * as SecureUrl from "./SecureUrl.js"
import * as Telemetry from "./Telemetry.js"
import { TokenPolicy, type TokenPolicyOptions } from "./TokenPolicy.js"

/**
 * What {@link CxoneHttpClient.layerWith} can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneHttpClientOptions {
  /** Origins beside the API's own that the token may go to, such as `https://files.example.com`; default none (C1). */
  readonly allowedOrigins?: ReadonlyArray<string | URL>
  /**
   * Whether the token may go to every host of NICE's own domains (facts §3), by https on the usual port; default no.
   * CXone's APIs hand back absolute URLs to other hosts than the one that was called (facts §6).
   */
  readonly allowCxoneHosts?: boolean
  /** Whether CXone is sent the tracing headers `b3` and `traceparent`; default no: it is another company (C5). */
  readonly tracerPropagation?: boolean
  /** The numbers `refusedTokenMemory`, `discardTimeout`, `maxErrorBytes` and `maxAnswerBytes`, where not the defaults. */
  readonly policy?: TokenPolicyOptions
}

/**
 * The `HttpClient` of `@effect/platform`, whose calls can also fail because of the token.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthenticatedHttpClient = HttpClient.HttpClient.With<HttpClientError | CxoneAuthError>

type Call = Effect.Effect<HttpClientResponse, HttpClientError | CxoneAuthError>

/** A request on its way to the API that is there. */
interface Aimed {
  readonly apiBaseUrl: URL
  readonly request: HttpClientRequest.HttpClientRequest
}

const make = (
  allowed: OriginGuard.AllowedPlaces,
  tracerPropagation: boolean,
  policy: TokenPolicy
): Effect.Effect<AuthenticatedHttpClient, never, CxoneAuth | HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const auth = yield* CxoneAuth
    const http = ManualRedirect.apply(Telemetry.withoutOwnSpan(yield* HttpClient.HttpClient))
    const refusedFresh = yield* makeTokenMemory(policy.refusedTokenMemory)
    const droppedForStream = yield* makeTokenMemory(policy.refusedTokenMemory)

    const aim = (request: HttpClientRequest.HttpClientRequest, apiBaseUrl: URL) =>
      OriginGuard.resolve(acceptingJson(request), apiBaseUrl, allowed)

    // Credentials of another tenant bring another API with them: the one before the token is not that of the token then.
    const aimFor = (token: AccessToken, request: HttpClientRequest.HttpClientRequest, aimed: Aimed) =>
      token.tenant === undefined
        ? Effect.succeed(aimed.request)
        : Effect.flatMap(auth.apiBaseUrl, (apiBaseUrl) =>
            apiBaseUrl.href === aimed.apiBaseUrl.href ? Effect.succeed(aimed.request) : aim(request, apiBaseUrl)
          )

    const send = (request: HttpClientRequest.HttpClientRequest, token: AccessToken) =>
      Telemetry.requestSpan(request, tracerPropagation, (traced) =>
        http.execute(HttpClientRequest.bearerToken(traced, token.value)).pipe(
          Effect.mapBoth({
            onFailure: (error) => CallerResponse.makeError(error, request, [token.value]),
            onSuccess: (response) => CallerResponse.make(request, response, [token.value])
          })
        )
      ).pipe(Effect.map((response): ApiAnswer.ApiAnswer => ({ request, token, response })))

    const recover = (refused: ApiAnswer.ApiAnswer, request: HttpClientRequest.HttpClientRequest, aimed: Aimed): Call =>
      Effect.gen(function* () {
        const { token } = refused
        // Before the renewal, which may take long or fail: until then the body keeps its connection.
        const refusal = yield* ApiAnswer.refusalOf(refused, policy)
        if (isSameAs(token, yield* refusedFresh.recall)) {
          return yield* ApiAnswer.invalidToken(refusal, "refused_again")
        }
        if (!canBeSentAgain(request)) {
          return yield* refuseStream(token, refusal)
        }
        yield* auth.invalidate(token)
        const renewed = yield* auth.accessToken
        if (isSame(renewed, token)) {
          yield* refusedFresh.remember(renewed)
          return yield* ApiAnswer.invalidToken(refusal, "refused_again")
        }
        const answer = yield* send(yield* aimFor(renewed, request, aimed), renewed)
        if (ApiAnswer.isTokenRefusal(answer)) {
          yield* refusedFresh.remember(renewed)
          return yield* ApiAnswer.invalidToken(yield* ApiAnswer.refusalOf(answer, policy), "refused_again")
        }
        return yield* ApiAnswer.judge(answer, policy)
      })

    // Nothing shows here whether a new token helps but the next call, so that call's refusal is the second one.
    const refuseStream = (token: AccessToken, refusal: ApiAnswer.Refusal): Call =>
      Effect.gen(function* () {
        const dropped = yield* droppedForStream.recall
        if (dropped !== undefined && !isSame(dropped, token)) {
          yield* refusedFresh.remember(token)
          return yield* ApiAnswer.invalidToken(refusal, "refused_again")
        }
        yield* droppedForStream.remember(token)
        yield* auth.invalidate(token)
        return yield* ApiAnswer.invalidToken(refusal, "body_not_replayable")
      })

    const execute = (request: HttpClientRequest.HttpClientRequest): Call =>
      auth.apiBaseUrl.pipe(
        Effect.flatMap((apiBaseUrl) =>
          Either.map(aim(request, apiBaseUrl), (resolved): Aimed => ({ apiBaseUrl, request: resolved }))
        ),
        Effect.flatMap((aimed) =>
          auth.accessToken.pipe(
            Effect.flatMap((token) =>
              Effect.flatMap(aimFor(token, request, aimed), (resolved) => send(resolved, token))
            ),
            Effect.flatMap((answer) =>
              ApiAnswer.isTokenRefusal(answer) ? recover(answer, request, aimed) : ApiAnswer.judge(answer, policy)
            )
          )
        )
      )

    return HttpClient.makeWith<never, never, HttpClientError | CxoneAuthError, never>(
      Effect.flatMap(execute),
      Effect.succeed
    )
  })

// CXone answers "No known way to render data" to whoever does not say what they accept (facts §4a).
const acceptingJson = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  request.headers.accept === undefined ? HttpClientRequest.acceptJson(request) : request

const canBeSentAgain = ({ body }: HttpClientRequest.HttpClientRequest): boolean =>
  body._tag !== "Stream" && (body._tag !== "Raw" || isKept(body.body))

// Of what a transport takes as a raw body, these stay as they are when they are read; streams and iterators do not.
const isKept = (body: unknown): boolean =>
  typeof body === "string" ||
  ArrayBuffer.isView(body) ||
  [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind)

const isSameAs = (token: AccessToken, remembered: AccessToken | undefined): boolean =>
  remembered !== undefined && isSame(remembered, token)

/** Remembers one token for a while. */
const makeTokenMemory = (duration: Duration.Duration) =>
  Effect.map(Ref.make<{ readonly token: AccessToken; readonly until: number } | undefined>(undefined), (last) => ({
    remember: (token: AccessToken) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.set(last, { token, until: now + Duration.toMillis(duration) })
      ),
    recall: Effect.zipWith(Ref.get(last), Clock.currentTimeMillis, (memory, now) =>
      memory !== undefined && now < memory.until ? memory.token : undefined
    )
  }))

const originsOf = (allowed: ReadonlyArray<string | URL>): ReadonlySet<string> =>
  new Set(
    allowed.map((input, index) => {
      const origin = Either.getOrThrowWith(
        SecureUrl.parse(input),
        (objection) => new TypeError(`CxoneHttpClient.layerWith: allowedOrigins[${index}] ${objection}`)
      )
      return origin.origin
    })
  )

/**
 * The `HttpClient` for calls to CXone. Each request gets a valid token, but only on its way to the API's origin (C1); a
 * relative URL resolves against the API base URL. A 401 about the token is answered with one renewal and one more try
 * (C2). A 403 for want of scopes and a 429 are typed errors; every other status is a response, as everywhere in
 * `@effect/platform`.
 *
 * A redirect is a response, on every transport. `HttpClient.followRedirects`, put on this client, follows it, each step
 * past the guard. The `HttpClient` below must not follow any in code of its own: it would take the token along.
 * `HttpClient.withScope` has no hold on this client's requests; interrupting a call, or reading its body, ends them.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const cxone = yield* CxoneHttpClient
 *   const response = yield* cxone.get("/api/v2/users/me")
 *   return yield* response.json
 * })
 *
 * const CxoneLayer = CxoneHttpClient.layer.pipe(
 *   Layer.provide(CxoneAuth.layerConfig),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 *
 * export const runnable = program.pipe(Effect.provide(CxoneLayer))
 * ```
 */
export class CxoneHttpClient extends Context.Tag("cxone-auth/CxoneHttpClient")<
  CxoneHttpClient,
  AuthenticatedHttpClient
>() {
  /**
   * The client with every option at its default.
   *
   * @since 0.1.0
   * @category layers
   */
  static readonly layer: Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient> =
    CxoneHttpClient.layerWith({})

  /**
   * The client with these options. It is never shared: in a `LayerMap` each tenant has its own. Throws a `TypeError` that names the entry if an allowed origin is no absolute URL,
   * is plain http to another machine, or carries a user name or password.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneHttpClient } from "cxone-auth"
   *
   * export const CxoneLayer = CxoneHttpClient.layerWith({ allowedOrigins: ["https://files.example.com"] })
   * ```
   */
  static layerWith(
    options: CxoneHttpClientOptions
  ): Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient> {
    const allowed = {
      origins: originsOf(options.allowedOrigins ?? []),
      cxoneHosts: options.allowCxoneHosts ?? false
    }
    const client = make(allowed, options.tracerPropagation ?? false, TokenPolicy.make(options.policy))
    // A layer is built once in a `LayerMap`, whatever it is provided with: a tenant would get another one's client.
    return Layer.fresh(Layer.effect(CxoneHttpClient, client))
  }
}
