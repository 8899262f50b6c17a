import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as IncomingRequest from "../http/IncomingRequest.js"
import { defaultClient, type SimulatedClient, type SimulatorOptions } from "../options/SimulatorOptions.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"
import type { Registry } from "../tokens/Registry.js"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as Refusal from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"
import * as UserHubError from "./UserHubError.js"

/** How UserHub refuses a token request, unless the options choose another shape. */
export const refuseAs = (generator: TokenGenerator, errors: SimulatorQuirks["errors"]): TokenRoute.Refuse =>
  errors === undefined
    ? {
        refused: (_, refusal) =>
          UserHubError.make(generator, TokenResponse.statusOf(refusal), refusal.description, { hint: refusal.hint }),
        notPost: () => UserHubError.make(generator, 405, "Method Not Allowed", { headers: { allow: "POST" } })
      }
    : TokenRoute.refuseAs(errors)

/**
 * The client whose scopes and lifetime the tokens of UserHub have, because its requests name none: the first one of the
 * options, even if it was forgotten.
 */
export const clientOf = (
  registry: Registry,
  { clients: [first] = [defaultClient] }: Pick<SimulatorOptions, "clients">
): Effect.Effect<SimulatedClient> =>
  Effect.map(
    registry.clientOf(first.clientId),
    Option.getOrElse(() => first)
  )

/**
 * Reads a JSON body. The decoder's own message is not used, because it quotes what was sent.
 */
export const parse = <A, I>(
  incoming: IncomingRequest.IncomingRequest,
  schema: Schema.Schema<A, I>,
  description: string
): Either.Either<A, Refusal.Refusal> => {
  const refusal = Refusal.refuse("invalid_request", description, Refusal.mediaTypeHint(incoming, mediaType))
  return IncomingRequest.mediaTypeOf(incoming) === mediaType
    ? Either.orElse(Schema.decodeEither(Schema.parseJson(schema))(IncomingRequest.textOf(incoming)), () => refusal)
    : refusal
}

const mediaType = "application/json"
