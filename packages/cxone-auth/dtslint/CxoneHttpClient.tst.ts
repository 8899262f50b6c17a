import { FetchHttpClient, HttpClient, type HttpClientError, type HttpClientResponse } from "@effect/platform"
import {
  type AuthenticatedHttpClient,
  CxoneAuth,
  type CxoneAuthError,
  CxoneHttpClient,
  type RateLimited
} from "cxone-auth"
import { type Context, Effect, Layer, type Scope } from "effect"
import { describe, expect, it } from "tstyche"

type Failure = HttpClientError.HttpClientError | CxoneAuthError

describe("CxoneHttpClient", () => {
  it("is the platform's HttpClient, whose calls can also fail because of the token", () => {
    expect<Context.Tag.Service<typeof CxoneHttpClient>>().type.toBe<HttpClient.HttpClient.With<Failure>>()
  })

  it("is not assignable to a plain HttpClient, so that no auth error goes unseen", () => {
    expect<Context.Tag.Service<typeof CxoneHttpClient>>().type.not.toBeAssignableTo<HttpClient.HttpClient>()
  })

  it("each layer says what it needs", () => {
    expect(CxoneHttpClient.layer()).type.toBe<Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient>>()
    expect(CxoneHttpClient.make()).type.toBe<
      Effect.Effect<AuthenticatedHttpClient, never, CxoneAuth | HttpClient.HttpClient | Scope.Scope>
    >()
    expect(CxoneHttpClient.layer({ allowedOrigins: ["https://files.example.com"] })).type.toBe<
      Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient>
    >()
  })

  it("a call fails with the errors of both, and needs nothing more", () => {
    const call = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me"))
    expect(call).type.toBe<Effect.Effect<HttpClientResponse.HttpClientResponse, Failure, CxoneHttpClient>>()
    const layer = CxoneHttpClient.layer().pipe(
      Layer.provide(CxoneAuth.layerTest("token")),
      Layer.provide(FetchHttpClient.layer)
    )
    expect(Effect.provide(call, layer)).type.toBe<
      Effect.Effect<HttpClientResponse.HttpClientResponse, Failure, never>
    >()
  })

  it("keeps its errors through the platform's combinators", () => {
    const resilient = Effect.map(CxoneHttpClient, (cxone) =>
      cxone.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient({ times: 3 }))
    )
    expect(resilient).type.toBe<Effect.Effect<HttpClient.HttpClient.With<Failure, never>, never, CxoneHttpClient>>()
  })

  it("a combinator changes its errors as it changes the platform's own", () => {
    const clientOf = <E, R>(apply: (cxone: AuthenticatedHttpClient) => HttpClient.HttpClient.With<E, R>) =>
      Effect.map(CxoneHttpClient, apply)
    type With<E, R = never> = Effect.Effect<HttpClient.HttpClient.With<E, R>, never, CxoneHttpClient>

    expect(clientOf(HttpClient.catchTag("RateLimited", () => Effect.fail("busy" as const)))).type.toBe<
      With<Exclude<Failure, RateLimited> | "busy">
    >()
    expect(
      clientOf(
        HttpClient.catchTags({
          RateLimited: () => Effect.fail("busy" as const),
          RequestError: () => Effect.fail("broken" as const)
        })
      )
    ).type.toBe<With<Exclude<Failure, RateLimited | HttpClientError.RequestError> | "busy" | "broken">>()
    expect(clientOf(HttpClient.catchAll(({ _tag }) => Effect.fail(_tag)))).type.toBe<With<Failure["_tag"]>>()
    expect(
      clientOf(HttpClient.mapRequestEffect((request) => Effect.as(Effect.fail("mine" as const), request)))
    ).type.toBe<With<Failure | "mine">>()
    expect(clientOf(HttpClient.filterStatus((status) => status < 300))).type.toBe<With<Failure>>()
    expect(clientOf(HttpClient.followRedirects(3))).type.toBe<With<Failure>>()
    expect(clientOf(HttpClient.retry({ times: 1 }))).type.toBe<With<Failure>>()
    expect(clientOf(HttpClient.tap(() => Effect.void))).type.toBe<With<Failure>>()
    expect(clientOf(HttpClient.withTracerPropagation(false))).type.toBe<With<Failure>>()
    expect(clientOf(HttpClient.withScope)).type.toBe<With<Failure, Scope.Scope>>()
  })

  it("layerHttpClient is the platform's client, and withTypedErrors gives the typed errors back", () => {
    expect(CxoneHttpClient.layerHttpClient()).type.toBe<
      Layer.Layer<HttpClient.HttpClient, never, CxoneAuth | HttpClient.HttpClient>
    >()
    const call = Effect.flatMap(HttpClient.HttpClient, (http) => http.get("/x"))
    expect(CxoneHttpClient.withTypedErrors(call)).type.toBe<
      Effect.Effect<HttpClientResponse.HttpClientResponse, Failure, HttpClient.HttpClient>
    >()
  })

  it("toHttpClient gives the platform's client, and takes no other than ours", () => {
    expect(CxoneHttpClient.toHttpClient).type.toBe<(client: AuthenticatedHttpClient) => HttpClient.HttpClient>()
    expect(CxoneHttpClient.toHttpClient).type.not.toBeCallableWith(CxoneAuth)
  })

  it("call options do not change the type of a call, whether it stands before or behind them", () => {
    const call = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/x"))
    expect(CxoneHttpClient.withScopes(call, "read:users")).type.toBe<typeof call>()
    expect(CxoneHttpClient.withCallOptions(call, { idempotent: true })).type.toBe<typeof call>()
    expect(
      Effect.map(
        CxoneHttpClient,
        HttpClient.transformResponse(CxoneHttpClient.withCallOptions({ onRateLimited: "fail" }))
      )
    ).type.toBe<Effect.Effect<AuthenticatedHttpClient, never, CxoneHttpClient>>()
    expect(
      call.pipe(
        CxoneHttpClient.withScopes(["read:users"]),
        CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "1 minute" } }),
        CxoneHttpClient.withCallOptions({ idempotent: true })
      )
    ).type.toBe<typeof call>()
  })

  it("unknown options do not compile", () => {
    expect(CxoneHttpClient.layer).type.not.toBeCallableWith({ allowedOrigin: "https://files.example.com" })
    expect(CxoneHttpClient.layer).type.not.toBeCallableWith({ allowedOrigins: "https://files.example.com" })
    expect(CxoneHttpClient.layer).type.not.toBeCallableWith({ onRateLimited: "wait" })
    expect(CxoneHttpClient.layer).type.toBeCallableWith({ policy: { discardTimeout: "2 seconds" } })
    expect(CxoneHttpClient.layer).type.not.toBeCallableWith({ policy: { maxRetries: 1 } })
    expect(CxoneHttpClient.layer).type.toBeCallableWith({
      scopes: undefined,
      onRateLimited: undefined,
      allowedOrigins: undefined,
      allowCxoneHosts: undefined,
      tracerPropagation: undefined,
      asResponse: undefined,
      policy: undefined
    })
    expect(CxoneHttpClient.withCallOptions).type.not.toBeCallableWith({ onRateLimited: { upTo: "1 minute" } })
    expect(CxoneHttpClient.withCallOptions).type.not.toBeCallableWith({ idempotency: true })
    expect(CxoneHttpClient.withCallOptions).type.toBeCallableWith({ asResponse: [401, 403, 429, 503] })
    expect(CxoneHttpClient.withCallOptions).type.not.toBeCallableWith({ asResponse: [404] })
    expect(CxoneHttpClient.withCallOptions).type.toBeCallableWith({
      scopes: undefined,
      onRateLimited: undefined,
      idempotent: undefined,
      asResponse: undefined
    })
  })
})
