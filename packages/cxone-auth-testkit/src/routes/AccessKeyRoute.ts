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
import * as Refusal from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"
import * as UserHubError from "./UserHubError.js"

/** The token endpoint of UserHub, for an access key without a client. Every area host has it. */
export const accessKeyPath = "/authentication/v1/token/access-key"

/**
 * Answers an access key in JSON: 200 with an access token, an opaque refresh token and an `id_token`, but without
 * `token_type`; 401 if the key is bad; 400 if the body isn't such JSON. Each area host serves the tenants of all areas.
 * The request names no client, so the scopes and the lifetime are those of the first client of the options, even if
 * that client was forgotten.
 */
export const make = (
  registry: Registry,
  tenants: Tenants,
  generator: TokenGenerator,
  options: Pick<SimulatorOptions, "clients" | "expiresIn" | "quirks">
): TokenRoute.TokenRoute => {
  const errors = options.quirks?.errors
  const refuse: TokenRoute.Refuse =
    errors === undefined
      ? {
          refused: (_, refusal) => UserHubError.make(generator, TokenResponse.statusOf(refusal), refusal.description),
          notPost: () => UserHubError.make(generator, 405, "Method Not Allowed", { allow: "POST" })
        }
      : TokenRoute.refuseAs(errors)
  const [first] = options.clients ?? [defaultClient]

  return TokenRoute.make(refuse, (incoming) =>
    Effect.gen(function* () {
      const key = yield* parse(incoming)
      const tenant = yield* Effect.flatMap(tenants.ownerOf(key), Refusal.ownerOfKey)
      const client = Option.getOrElse(yield* registry.clientOf(first.clientId), () => first)
      const { access, identity, refresh } = yield* registry.issueToKey(client, tenant, "opaque")
      const fields = { refresh_token: Redacted.value(refresh), id_token: Redacted.value(identity) }
      return TokenResponse.success(access, fields, options)
    })
  )
}

const Body = Schema.parseJson(
  Schema.Struct({
    accessKeyId: Schema.NonEmptyString,
    accessKeySecret: Schema.Redacted(Schema.NonEmptyString)
  })
)

const parse = (incoming: IncomingRequest.IncomingRequest): Either.Either<SimulatedAccessKey, Refusal.Refusal> =>
  Either.filterOrLeft(
    Either.mapLeft(Schema.decodeEither(Body)(IncomingRequest.textOf(incoming)), () => notAccessKey),
    () => IncomingRequest.mediaTypeOf(incoming) === "application/json",
    () => notAccessKey
  )

// The decoder's own message is not used, because it quotes what was sent.
const notAccessKey: Refusal.Refusal = {
  error: "invalid_request",
  description: "The body must be JSON with accessKeyId and accessKeySecret"
}
