import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type { GrantService } from "../options/Grant.js"
import type { PlacedTenant } from "../options/SimulatedTenant.js"
import {
  defaultClient,
  defaultTokenLifetime,
  type SimulatedClient,
  type SimulatorOptions
} from "../options/SimulatorOptions.js"
import * as Claims from "./Claims.js"
import type { TokenGenerator } from "./TokenGenerator.js"

export interface IssuedToken {
  readonly value: Redacted.Redacted<string>
  /** Its lifetime in whole seconds, rounded down. */
  readonly expiresIn: number
}

export interface KeyTokens {
  readonly access: IssuedToken
  readonly identity: Redacted.Redacted<string>
  readonly refresh: Redacted.Redacted<string>
}

/** The clients that may request tokens, and the tokens that are valid. */
export interface Registry {
  readonly clientOf: (clientId: string) => Effect.Effect<Option.Option<SimulatedClient>>
  readonly register: (client: SimulatedClient) => Effect.Effect<void>
  readonly forget: (clientId: string) => Effect.Effect<void>
  /** Issues a token to a client alone. */
  readonly issue: (client: SimulatedClient, scopes: ReadonlyArray<string>) => Effect.Effect<IssuedToken>
  /** Issues the tokens of an access key. Only the access token is accepted by the API, for all scopes of the client. */
  readonly issueToKey: (
    client: SimulatedClient,
    tenant: PlacedTenant,
    refresh: "jwt" | "opaque"
  ) => Effect.Effect<KeyTokens>
  /** The grant of a token; none if the token is unknown, revoked or expired. */
  readonly grantOf: (token: string) => Effect.Effect<Option.Option<GrantService>>
  readonly revoke: (token: string) => Effect.Effect<void>
  readonly revokeAll: Effect.Effect<void>
  /** Restores the clients of the options, and removes every token. */
  readonly reset: Effect.Effect<void>
}

export const make = (
  options: Pick<SimulatorOptions, "clients" | "tokenFormat">,
  issuer: string,
  generator: TokenGenerator
): Effect.Effect<Registry> =>
  Effect.gen(function* () {
    const initial = HashMap.fromIterable(
      (options.clients ?? [defaultClient]).map((client) => [client.clientId, client] as const)
    )
    const clients = yield* Ref.make(initial)
    const grants = yield* Ref.make(HashMap.empty<string, GrantService>())

    const issueAs = (grant: GrantService, { expiresAt, issuedAt }: Claims.Validity, claims: object) => {
      const token = options.tokenFormat === "opaque" ? generator.opaque(8) : generator.jwt(claims)
      return Effect.as(Ref.update(grants, HashMap.set(token, grant)), {
        value: Redacted.make(token),
        expiresIn: Math.floor((expiresAt - issuedAt) / 1000)
      })
    }

    return {
      clientOf: (clientId) => Effect.map(Ref.get(clients), HashMap.get(clientId)),
      register: (client) => Ref.update(clients, HashMap.set(client.clientId, client)),
      forget: (clientId) => Ref.update(clients, HashMap.remove(clientId)),
      issue: (client, scopes) =>
        Effect.flatMap(validityOf(client), (validity) => {
          const { expiresAt } = validity
          const grant = { clientId: client.clientId, tenantId: undefined, scopes, expiresAt }
          return issueAs(grant, validity, Claims.ofClient(issuer, generator.opaque(4), grant, validity))
        }),
      issueToKey: ({ clientId, ...client }, tenant, refresh) =>
        Effect.gen(function* () {
          const validity = yield* validityOf(client)
          const { expiresAt, issuedAt } = validity
          const grant = { clientId, tenantId: tenant.tenantId, scopes: client.scopes, expiresAt }
          const access = yield* issueAs(grant, validity, Claims.ofAccessKey(clientId, tenant, validity))
          const identity = generator.jwt(Claims.ofIdToken(issuer, clientId, tenant, validity), { kid: "default" })
          const refreshValidity = { issuedAt, expiresAt: issuedAt + Duration.toMillis(refreshTokenLifetime) }
          const refreshToken =
            refresh === "opaque"
              ? generator.opaque(6)
              : generator.jwt(Claims.ofRefreshToken(issuer, clientId, generator.opaque(4), refreshValidity))
          return { access, identity: Redacted.make(identity), refresh: Redacted.make(refreshToken) }
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

// The lifetime of CXone's refresh tokens (docs/cxone-facts.md).
const refreshTokenLifetime = Duration.hours(2)

const validityOf = ({ tokenLifetime }: Pick<SimulatedClient, "tokenLifetime">): Effect.Effect<Claims.Validity> =>
  Effect.map(Clock.currentTimeMillis, (issuedAt) => ({
    issuedAt,
    expiresAt: issuedAt + Duration.toMillis(tokenLifetime ?? defaultTokenLifetime)
  }))
