/**
 * The token endpoint of the simulator.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Incoming } from "./Incoming.js"
import type { IssuedToken, Registry } from "./Registry.js"
import type { SimulatedClient, SimulatorOptions } from "./SimulatorOptions.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * Where tokens are requested (source: the brief).
 *
 * @since 0.1.0
 * @category constants
 */
export const tokenPath = "/oauth/token"

/**
 * What the simulator calls itself in the challenges it sends.
 *
 * @since 0.1.0
 * @category constants
 */
export const realm = "cxone-simulator"

/**
 * Answers a token request as RFC 6749 says: 200 with a token (§5.1); 401 `invalid_client` for a client that is unknown
 * or has another secret; 400 with the error code for anything else (§5.2); 405 for what is no POST.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make =
  (registry: Registry, options: Pick<SimulatorOptions, "expiresIn">) =>
  (incoming: Incoming): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
    if (incoming.method !== "POST") {
      return Effect.succeed(answer(405, { error: "invalid_request", error_description: "Use POST" }, { allow: "POST" }))
    }
    return TokenRequest.parse(incoming).pipe(
      Effect.flatMap((request) => decide(registry, request)),
      Effect.flatMap(({ client, scopes }) =>
        Effect.map(registry.issue(client, scopes), (token) => success(token, scopes, options.expiresIn ?? "number"))
      ),
      Effect.catchAll((refusal) => Effect.succeed(refused(incoming, refusal)))
    )
  }

const decide = (registry: Registry, request: TokenRequest.TokenRequest) =>
  Effect.flatMap(registry.clientOf(request.clientId), (registered) =>
    Either.gen(function* () {
      const client = Option.getOrUndefined(registered)
      if (client === undefined || Redacted.value(client.clientSecret) !== Redacted.value(request.clientSecret)) {
        return yield* TokenRequest.refuse("invalid_client", "The client is unknown, or its secret is another")
      }
      if (request.grantType !== "client_credentials") {
        return yield* TokenRequest.refuse("unsupported_grant_type", "Only client_credentials is supported")
      }
      if (!(client.grantTypes ?? ["client_credentials"]).includes(request.grantType)) {
        return yield* TokenRequest.refuse("unauthorized_client", "The client may not use this grant")
      }
      return { client, scopes: yield* allowedScopes(client, request.scope) }
    })
  )

const scopeSyntax = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/

const allowedScopes = (
  client: SimulatedClient,
  requested: Option.Option<string>
): Either.Either<ReadonlyArray<string>, TokenRequest.Refusal> => {
  if (Option.isNone(requested)) {
    return Either.right(client.scopes)
  }
  if (!scopeSyntax.test(requested.value)) {
    return TokenRequest.refuse("invalid_scope", "The scope is malformed: scopes are separated by one space")
  }
  const scopes = Array.from(new Set(requested.value.split(" ")))
  const excess = scopes.filter((scope) => !client.scopes.includes(scope))
  return excess.length === 0
    ? Either.right(scopes)
    : TokenRequest.refuse("invalid_scope", `The client may not have: ${excess.join(" ")}`)
}

const success = (token: IssuedToken, scopes: ReadonlyArray<string>, form: "number" | "string" | "omitted") =>
  answer(200, {
    access_token: Redacted.value(token.value),
    token_type: "Bearer",
    ...(form === "omitted" ? {} : { expires_in: form === "string" ? String(token.expiresIn) : token.expiresIn }),
    scope: scopes.join(" ")
  })

const refused = (incoming: Incoming, { description, error }: TokenRequest.Refusal) => {
  const body = { error, error_description: description }
  if (error !== "invalid_client") {
    return answer(400, body)
  }
  // RFC 6749 §5.2: the challenge is for the client that used the header.
  return incoming.headers.authorization === undefined
    ? answer(401, body)
    : answer(401, body, { "www-authenticate": `Basic realm="${realm}", charset="UTF-8"` })
}

const answer = (status: number, body: object, headers: { readonly [name: string]: string } = {}) =>
  HttpServerResponse.unsafeJson(body, {
    status,
    headers: { "cache-control": "no-store", pragma: "no-cache", ...headers }
  })
