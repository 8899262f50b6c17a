import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as DurationOption from "../clock/DurationOption.js"
import type { GrantService } from "../options/Grant.js"
import { defaultTenant } from "../options/SimulatedTenant.js"
import { defaultUser } from "../options/SimulatedUser.js"
import {
  defaultClient,
  defaultTokenLifetime,
  type SimulatedClient,
  type SimulatorOptions
} from "../options/SimulatorOptions.js"
import type { KeyOwner } from "../tenants/Tenants.js"
import { Amendment } from "./Amendment.js"
import * as Claims from "./Claims.js"
import * as LiveTokens from "./LiveTokens.js"
import { keyId } from "./SigningKey.js"
import type { TokenGenerator } from "./TokenGenerator.js"

export { ofUser as claimsOfUser } from "./Claims.js"
export { jwks } from "./SigningKey.js"

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

/** The service that issued a refresh token, which is the one that accepts it: an issuer, by its origin, or UserHub. */
export type RefreshedAt = string

/** UserHub, on the host of any area. */
export const userHub: RefreshedAt = "UserHub"

/** What a refresh token stands for. */
interface Session {
  readonly clientId: string
  readonly accessKeyId: string
  readonly at: RefreshedAt
  readonly expiresAt: number
}

/** The clients that may request tokens, and the tokens that are valid. */
export interface Registry {
  readonly clientOf: (clientId: string) => Effect.Effect<Option.Option<SimulatedClient>>
  /** It is a defect if the client's `tokenLifetime` can't be one. */
  readonly register: (client: SimulatedClient) => Effect.Effect<void>
  readonly forget: (clientId: string) => Effect.Effect<void>
  /** As `forget`, but it is a defect if there is no such client. */
  readonly forgetKnown: (clientId: string) => Effect.Effect<void>
  /** Issues a token to a client alone. `issuer` is the origin of the identity host. */
  readonly issue: (client: SimulatedClient, scopes: ReadonlyArray<string>, issuer: string) => Effect.Effect<IssuedToken>
  /** Issues the tokens of an access key. Only the access token is accepted by the API, for all scopes of the client. */
  readonly issueToKey: (client: SimulatedClient, owner: KeyOwner, at: RefreshedAt) => Effect.Effect<KeyTokens>
  /**
   * The access key of a refresh token, which is used up by that; none if the token is unknown, used, revoked or expired,
   * or if another client or another service got it.
   */
  readonly redeem: (token: string, clientId: string, at: RefreshedAt) => Effect.Effect<Option.Option<string>>
  /** The grant of a token; none if the token is unknown, revoked or expired. */
  readonly grantOf: (token: string) => Effect.Effect<Option.Option<GrantService>>
  /** Revokes an access token or a refresh token. */
  readonly revoke: (token: string) => Effect.Effect<void>
  readonly revokeAll: Effect.Effect<void>
  /** Restores the clients of the options, and removes every token. */
  readonly reset: Effect.Effect<void>
}

/** It is a defect if two clients have the same id, or if a `tokenLifetime` can't be one. */
export const make = (
  options: Pick<SimulatorOptions, "clients" | "tenants" | "tokenFormat" | "user">,
  generator: TokenGenerator
): Effect.Effect<Registry> =>
  Effect.gen(function* () {
    const given: ReadonlyArray<SimulatedClient> = options.clients ?? [defaultClient]
    if (given.length === 0) {
      throw new RangeError("CxoneSimulator: clients is empty; name one, or leave it out")
    }
    const initial = given.reduce(withNewClient, HashMap.empty())
    const clients = yield* Ref.make(initial)
    const grants = LiveTokens.make<GrantService>()
    const sessions = LiveTokens.make<Session>()
    // A tenant can be replaced, but not removed: this one exists for as long as the simulator.
    const [{ tenantId: firstTenantId }] = options.tenants ?? [defaultTenant]

    const issueAs = (grant: GrantService, { expiresAt, issuedAt }: Claims.Validity, claims: object) => {
      const token = options.tokenFormat === "opaque" ? generator.opaque(8) : generator.jwt(claims)
      return Effect.as(grants.add(token, grant), {
        value: Redacted.make(token),
        expiresIn: Math.floor((expiresAt - issuedAt) / 1000)
      })
    }

    const revokeAll = Effect.zipRight(grants.clear, sessions.clear)

    return {
      clientOf: (clientId) => Effect.map(Ref.get(clients), HashMap.get(clientId)),
      register: (client) => Ref.update(clients, (clients) => withClient(clients, client)),
      forget: (clientId) => Ref.update(clients, HashMap.remove(clientId)),
      forgetKnown: (clientId) =>
        Ref.update(clients, (clients) => {
          if (!HashMap.has(clients, clientId)) {
            const known = Arr.sort(HashMap.keys(clients), Order.string).join(", ")
            throw new RangeError(
              `CxoneSimulator.forgetClient: there is no client "${clientId}"; known are ${known === "" ? "none" : known}`
            )
          }
          return HashMap.remove(clients, clientId)
        }),
      issue: (client, scopes, issuer) =>
        Effect.flatMap(Effect.all([validityOf(client), Amendment]), ([validity, amended]) => {
          const grant = {
            clientId: client.clientId,
            tenantId: undefined,
            accessKeyId: undefined,
            user: options.user ?? defaultUser,
            scopes: Option.getOrElse(amended.scopes, () => scopes),
            expiresAt: validity.expiresAt
          }
          return issueAs(grant, validity, Claims.ofClient(issuer, firstTenantId, grant, validity))
        }),
      issueToKey: (client, owner, at) =>
        Effect.gen(function* () {
          const validity = yield* validityOf(client)
          const amended = yield* Amendment
          const { clientId } = client
          const { accessKeyId, tenant, user } = owner
          const { expiresAt, issuedAt } = validity
          const scopes = Option.getOrElse(amended.scopes, () => client.scopes)
          const grant = { clientId, tenantId: tenant.tenantId, accessKeyId, user, scopes, expiresAt }
          const access = yield* issueAs(grant, validity, Claims.ofAccessKey(clientId, owner, validity))
          const identity = generator.jwt(Claims.ofIdToken(clientId, owner, validity), { kid: keyId })
          const whole = { issuedAt, expiresAt: issuedAt + Duration.toMillis(refreshTokenLifetime) }
          const refresh =
            at === userHub
              ? generator.opaque(6)
              : generator.jwt(Claims.ofRefreshToken(clientId, owner, generator.opaque(4), whole))
          yield* sessions.add(refresh, { clientId, accessKeyId, at, expiresAt: whole.expiresAt })
          return { access, identity: Redacted.make(identity), refresh: Redacted.make(refresh) }
        }),
      redeem: (token, clientId, at) =>
        sessions
          .take(token, (session) => session.clientId === clientId && session.at === at)
          .pipe(Effect.map(Option.map(({ accessKeyId }) => accessKeyId))),
      grantOf: grants.get,
      revoke: (token) => Effect.zipRight(grants.remove(token), sessions.remove(token)),
      revokeAll,
      reset: Effect.zipRight(Ref.set(clients, initial), revokeAll)
    }
  })

/** The lifetime of CXone's refresh tokens (docs/cxone-facts.md). */
export const refreshTokenLifetime = Duration.hours(2)

type Clients = HashMap.HashMap<string, SimulatedClient>

const withNewClient = (clients: Clients, client: SimulatedClient): Clients => {
  if (HashMap.has(clients, client.clientId)) {
    throw new RangeError(`CxoneSimulator: two clients have the clientId "${client.clientId}"; give each its own`)
  }
  return withClient(clients, client)
}

const withClient = (clients: Clients, client: SimulatedClient): Clients => {
  lifetimeOf(client)
  return HashMap.set(clients, client.clientId, client)
}

// The answer announces whole seconds, so one of less would have ended on arrival.
const lifetimeOf = ({ clientId, tokenLifetime = defaultTokenLifetime }: SimulatedClient) => {
  return DurationOption.decodeFinite(`CxoneSimulator: tokenLifetime of ${clientId}`, tokenLifetime, "1 second")
}

const validityOf = Effect.fnUntraced(function* (client: SimulatedClient) {
  const issuedAt = yield* Clock.currentTimeMillis
  const { lifetime } = yield* Amendment
  const whole = Option.getOrElse(lifetime, () => lifetimeOf(client))
  return { issuedAt, expiresAt: issuedAt + Duration.toMillis(whole) } satisfies Claims.Validity
})
