/**
 * The clients that are known, and the tokens that are good.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { PCGRandom } from "effect/Utils"
import type { GrantService } from "./Grant.js"
import { defaultClient, defaultTokenLifetime, type SimulatedClient, type SimulatorOptions } from "./SimulatorOptions.js"

/**
 * A token, as it is handed out.
 *
 * @since 0.1.0
 * @category models
 */
export interface IssuedToken {
  readonly value: Redacted.Redacted<string>
  /** Its lifetime in whole seconds, rounded down. */
  readonly expiresIn: number
}

/**
 * Who may ask for tokens, and which tokens are good.
 *
 * @since 0.1.0
 * @category models
 */
export interface Registry {
  readonly clientOf: (clientId: string) => Effect.Effect<Option.Option<SimulatedClient>>
  readonly register: (client: SimulatedClient) => Effect.Effect<void>
  readonly forget: (clientId: string) => Effect.Effect<void>
  /** Makes a token for these scopes, good from now until its lifetime has passed. */
  readonly issue: (client: SimulatedClient, scopes: ReadonlyArray<string>) => Effect.Effect<IssuedToken>
  /** What a token grants: none if it is unknown, revoked, or its lifetime has passed. */
  readonly grantOf: (token: string) => Effect.Effect<Option.Option<GrantService>>
  readonly revoke: (token: string) => Effect.Effect<void>
  readonly revokeAll: Effect.Effect<void>
  /** The clients that it began with, and no token. */
  readonly reset: Effect.Effect<void>
}

/**
 * Builds the registry. Tokens come from a generator that is seeded here by the current `Random`, whatever the one of a
 * request is: a test that seeds one for each request would else be handed the same token twice.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Pick<SimulatorOptions, "clients" | "tokenFormat"> & { readonly issuer: URL }
): Effect.Effect<Registry> =>
  Effect.gen(function* () {
    const random = yield* Effect.random
    const word = random.nextIntBetween(0, 2 ** 32)
    const generator = new PCGRandom(...(yield* Effect.all([word, word, word, word])))
    const initial = HashMap.fromIterable(
      (options.clients ?? [defaultClient]).map((client) => [client.clientId, client] as const)
    )
    const clients = yield* Ref.make(initial)
    const grants = yield* Ref.make(HashMap.empty<string, GrantService>())

    const format = (grant: GrantService, issuedAt: number) =>
      options.tokenFormat === "opaque" ? randomText(generator, 8) : jwt(generator, options.issuer, grant, issuedAt)

    return {
      clientOf: (clientId) => Effect.map(Ref.get(clients), HashMap.get(clientId)),
      register: (client) => Ref.update(clients, HashMap.set(client.clientId, client)),
      forget: (clientId) => Ref.update(clients, HashMap.remove(clientId)),
      issue: (client, scopes) =>
        Effect.gen(function* () {
          const lifetime = Duration.decode(client.tokenLifetime ?? defaultTokenLifetime)
          const now = yield* Clock.currentTimeMillis
          const grant = { clientId: client.clientId, scopes, expiresAt: now + Duration.toMillis(lifetime) }
          const token = format(grant, now)
          yield* Ref.update(grants, HashMap.set(token, grant))
          return { value: Redacted.make(token), expiresIn: Math.floor(Duration.toSeconds(lifetime)) }
        }),
      grantOf: (token) =>
        Effect.map(Effect.all([Ref.get(grants), Clock.currentTimeMillis]), ([known, now]) =>
          Option.filter(HashMap.get(known, token), (grant) => now < grant.expiresAt)
        ),
      revoke: (token) => Ref.update(grants, HashMap.remove(token)),
      revokeAll: Ref.set(grants, HashMap.empty()),
      reset: Effect.zipRight(Ref.set(clients, initial), Ref.set(grants, HashMap.empty()))
    }
  })

const randomText = (generator: PCGRandom, words: number): string => {
  const numbers = Uint32Array.from({ length: words }, () => generator.integer(2 ** 32))
  return Encoding.encodeBase64Url(new Uint8Array(numbers.buffer))
}

// A JWT (RFC 7519) of the length that an RS256 signature gives it: 256 bytes, random here.
const jwt = (generator: PCGRandom, issuer: URL, grant: GrantService, issuedAt: number): string => {
  const claims = {
    iss: issuer.origin,
    sub: grant.clientId,
    tenantId: "test-tenant",
    scope: grant.scopes.join(" "),
    jti: randomText(generator, 4),
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(grant.expiresAt / 1000)
  }
  const part = (json: object) => Encoding.encodeBase64Url(JSON.stringify(json))
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${randomText(generator, 64)}`
}
