import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { SimulatedClient } from "../options/SimulatorOptions.js"
import type { KeyOwner, Tenants } from "../tenants/Tenants.js"
import type { RefreshedAt, Registry } from "../tokens/Registry.js"
import { type Refusal, refuse } from "./Refusal.js"

/**
 * The owner of the access key that a refresh token was issued to. It uses the token up, and refuses it if the key was
 * deactivated or replaced since.
 */
export const redeem = (
  registry: Registry,
  tenants: Tenants,
  token: Redacted.Redacted<string>,
  { clientId }: SimulatedClient,
  at: RefreshedAt
): Effect.Effect<KeyOwner, Refusal> =>
  Effect.gen(function* () {
    const accessKeyId = yield* registry.redeem(Redacted.value(token), clientId, at)
    const owner = yield* Effect.transposeMapOption(accessKeyId, tenants.ownerOfId)
    return yield* Option.match(Option.flatten(owner), {
      onNone: () =>
        refuse(
          "invalid_grant",
          "The refresh token is unknown, used, revoked, expired or of another client, or its access key is inactive"
        ),
      onSome: (owner) => Either.right(owner)
    })
  })
