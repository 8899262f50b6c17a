import { HttpApi, HttpApiBuilder, HttpApiClient, HttpApiEndpoint, HttpApiGroup, HttpServer } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  CredentialsUnavailable,
  CxoneAuthError,
  DiscoveryFailed,
  ForeignOrigin,
  InsufficientScope,
  InvalidClient,
  InvalidToken,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "cxone-auth"
import { Duration, Effect, Layer, Schema } from "effect"
import { scripted } from "../support/ScriptedHttpClient.js"

const tokenEndpoint = "https://cxone.test/oauth/token"
const origin = "https://api.test"
const retryAfter = Duration.millis(1_500)

/** One error of each tag, with every field that it can have. */
const errors: { readonly [Tag in CxoneAuthError["_tag"]]: Extract<CxoneAuthError, { readonly _tag: Tag }> } = {
  CredentialsUnavailable: new CredentialsUnavailable({ reason: "failed", detail: "VaultError" }),
  InvalidClient: new InvalidClient({
    reason: "invalid_client",
    credentials: "AccessKey",
    isGuess: true,
    tokenEndpoint,
    status: 401,
    error: "denied",
    description: "no such client",
    retryAfter,
    bothRefused: true
  }),
  InsufficientScope: new InsufficientScope({
    reason: "insufficient_scope",
    origin,
    requested: ["a"],
    granted: ["a"],
    required: ["b"],
    description: "b, please"
  }),
  RateLimited: new RateLimited({ reason: "api", origin, status: 503, retryAfter }),
  InvalidToken: new InvalidToken({ reason: "refused_again", origin, error: "invalid_token", description: "ended" }),
  TokenEndpointUnavailable: new TokenEndpointUnavailable({
    reason: "status",
    tokenEndpoint,
    attempts: 4,
    status: 503,
    detail: "ECONNRESET",
    description: "busy",
    retryAfter
  }),
  InvalidTokenResponse: new InvalidTokenResponse({
    reason: "not_json",
    tokenEndpoint,
    status: 200,
    error: "odd",
    description: "a page"
  }),
  DiscoveryFailed: new DiscoveryFailed({
    reason: "status",
    document: "openid-configuration",
    url: "https://cxone.test/.well-known/openid-configuration",
    attempts: 4,
    status: 503,
    detail: "ECONNRESET",
    description: "busy",
    retryAfter
  }),
  ForeignOrigin: new ForeignOrigin({ reason: "not_allowed", origin, allowed: ["https://cxone.test"] })
}

const each = it.effect.each(Object.entries<CxoneAuthError>(errors))

describe("every error of the library", () => {
  each("%s comes back as it was from JSON", ([, error]) =>
    Effect.gen(function* () {
      const json = JSON.stringify(yield* Schema.encode(CxoneAuthError)(error))
      const back = yield* Schema.decodeUnknown(Schema.parseJson(CxoneAuthError))(json)
      expect(back).toEqual(error)
      expect(back.message).toBe(error.message)
    })
  )

  each("%s names the time that is left as milliseconds, or not at all", ([, error]) =>
    Effect.gen(function* () {
      const encoded = yield* Schema.encode(CxoneAuthError)(error)
      const { retryAfter } = { retryAfter: undefined, ...encoded }
      expect(retryAfter).toBe("retryAfter" in error ? 1_500 : undefined)
    })
  )

  it("a time that is not known is absent, in the error and in JSON", () => {
    const error = new RateLimited({ reason: "api", origin })
    expect(error.retryAfter).toBeUndefined()
    expect("retryAfter" in Schema.encodeSync(RateLimited)(error)).toBe(false)
  })

  it("a time without end is refused, because JSON has none, and zero says at once", () => {
    const limited = (retryAfter: Duration.Duration) => new RateLimited({ reason: "api", origin, retryAfter })
    expect(() => limited(Duration.infinity)).toThrow("expected a finite duration")
    expect(limited(Duration.zero).message).toContain("Try again at once.")
  })

  const api = HttpApi.make("app").add(
    HttpApiGroup.make("app").add(HttpApiEndpoint.get("fail", "/fail").addError(CxoneAuthError, { status: 502 }))
  )

  each("%s crosses an HttpApi that names it with addError", ([, error]) =>
    Effect.gen(function* () {
      const app = HttpApiBuilder.group(api, "app", (handlers) => handlers.handle("fail", () => Effect.fail(error)))
      const { handler } = yield* Effect.acquireRelease(
        Effect.sync(() =>
          HttpApiBuilder.toWebHandler(
            Layer.merge(HttpApiBuilder.api(api).pipe(Layer.provide(app)), HttpServer.layerContext)
          )
        ),
        ({ dispose }) => Effect.promise(dispose)
      )
      const { layer } = yield* scripted(({ url }) => Effect.promise(() => handler(new Request(url))))
      const client = yield* HttpApiClient.make(api, { baseUrl: "https://app.test" }).pipe(Effect.provide(layer))
      expect(yield* Effect.flip(client.app.fail())).toEqual(error)
    }).pipe(Effect.scoped)
  )
})
