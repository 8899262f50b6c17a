/**
 * Tokens for access keys alone: the endpoint of UserHub.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { SimulatedAccessKey } from "../options/SimulatedTenant.js"
import { defaultClient, type SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"
import * as UserHubError from "./UserHubError.js"

/**
 * Where an access key alone gets tokens, on the host of any area (facts §1a).
 *
 * @since 0.1.0
 * @category constants
 */
export const accessKeyPath = "/authentication/v1/token/access-key"

/**
 * Answers an access key in JSON: 200 with an access token, an opaque refresh token and an `id_token`, and no
 * `token_type`; 401 for a bad key; 400 for what is no such JSON; 405 for what is no POST. The area of the host doesn't
 * matter: each mints for the tenants of all (facts §3). With no client in sight, the first of the options stands in, even
 * if it was forgotten.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make =
  (
    registry: Registry,
    tenants: Tenants,
    generator: TokenGenerator,
    options: Pick<SimulatorOptions, "clients" | "expiresIn" | "quirks">
  ) =>
  (incoming: IncomingRequest.IncomingRequest): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
    const errors = options.quirks?.errors
    const [first] = options.clients ?? [defaultClient]
    if (incoming.method !== "POST") {
      return Effect.succeed(
        errors === undefined
          ? UserHubError.make(generator, 405, "Method Not Allowed", { allow: "POST" })
          : TokenResponse.notPost(errors)
      )
    }
    return Effect.gen(function* () {
      const key = yield* parse(incoming)
      const tenant = yield* Effect.flatMap(tenants.ownerOf(key), TokenRequest.orBadAccessKey)
      const client = Option.getOrElse(yield* registry.clientOf(first.clientId), () => first)
      const { access, identity, refresh } = yield* registry.issueToKey(client, tenant, "opaque")
      const fields = { refresh_token: Redacted.value(refresh), id_token: Redacted.value(identity) }
      return TokenResponse.success(access, fields, options)
    }).pipe(
      Effect.catchAll((refusal) =>
        Effect.succeed(
          errors === undefined
            ? UserHubError.make(generator, TokenResponse.statusOf(refusal), refusal.description)
            : TokenResponse.refused(incoming, refusal, errors)
        )
      )
    )
  }

const Body = Schema.parseJson(
  Schema.Struct({
    accessKeyId: Schema.NonEmptyString,
    accessKeySecret: Schema.Redacted(Schema.NonEmptyString)
  })
)

const parse = (incoming: IncomingRequest.IncomingRequest): Either.Either<SimulatedAccessKey, TokenRequest.Refusal> =>
  IncomingRequest.mediaTypeOf(incoming) === "application/json"
    ? Either.mapLeft(Schema.decodeEither(Body)(IncomingRequest.textOf(incoming)), () => notAccessKey)
    : Either.left(notAccessKey)

// Without the decoder's own words, which quote what was sent.
const notAccessKey: TokenRequest.Refusal = {
  error: "invalid_request",
  description: "The body must be JSON with accessKeyId and accessKeySecret"
}
