import type * as HttpApp from "@effect/platform/HttpApp"
import type * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Quota } from "../faults/Quotas.js"
import type { Grant } from "./Grant.js"
import type { SimulatedTenant } from "./SimulatedTenant.js"
import type { SimulatedUser } from "./SimulatedUser.js"
import type { SimulatorQuirks } from "./SimulatorQuirks.js"

/**
 * A client that is registered with the simulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedClient {
  /** The id that token requests name. */
  readonly clientId: string
  /** The secret that goes with it. */
  readonly clientSecret: Redacted.Redacted<string>
  /** Secrets that are accepted as well, as during a rotation; default none. */
  readonly otherSecrets?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** The scopes that the client may request. It gets all of them if it requests none (RFC 6749 §3.3). */
  readonly scopes: ReadonlyArray<string>
  /**
   * The grants that the client may use; default `client_credentials`, `password` and `refresh_token`, which are all that
   * the simulator knows. If a request's grant is not in this list, it is refused with `unauthorized_client`.
   */
  readonly grantTypes?: ReadonlyArray<string> | undefined
  /**
   * The authentication method that the client is registered for: `basic` for the `Authorization` header, `post` for the
   * form. The other method is refused with `invalid_client`. By default, both are accepted.
   */
  readonly authMethod?: "basic" | "post" | undefined
  /**
   * The lifetime of the client's access tokens; default one hour. `expires_in` is in whole seconds. It is a defect if the
   * lifetime is not finite or not above zero. A refresh token always lives for two hours.
   */
  readonly tokenLifetime?: Duration.DurationInput | undefined
}

/**
 * The options of the simulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatorOptions {
  /**
   * The clients; default {@link defaultClient} alone. `CxoneSimulatorService.credentials` are those of the first. It is a
   * defect if two have the same id.
   */
  readonly clients?: Arr.NonEmptyReadonlyArray<SimulatedClient> | undefined
  /**
   * The tenants; default `defaultTenant` alone. Each of their areas has two hosts. It is a defect if two tenants or two
   * access keys have the same id.
   */
  readonly tenants?: Arr.NonEmptyReadonlyArray<SimulatedTenant> | undefined
  /**
   * The format of access tokens; default `jwt`, as in CXone. A JWT has readable claims, such as `exp`, and is signed with
   * the key that `/auth/jwks` serves. All simulators of a process have the same key. An `opaque` token is random bytes.
   * An `id_token` is always a JWT.
   */
  readonly tokenFormat?: "jwt" | "opaque" | undefined
  /** The type of `expires_in` in a token response, or `omitted`; default `number`. */
  readonly expiresIn?: "number" | "string" | "omitted" | undefined
  /** Other differences between one CXone system and another. */
  readonly quirks?: SimulatorQuirks | undefined
  /**
   * The user of a client's own tokens, and of the first access key of the first tenant: the response body of
   * `GET /api/v2/users/me`; default `defaultUser`. Other access keys have other users (`SimulatedAccessKey.user`).
   */
  readonly user?: SimulatedUser | undefined
  /**
   * The API that the app calls: an `HttpRouter`, an `HttpApi`, or any other `HttpApp`, with its middleware. It gets each
   * request that carries a valid token, and each preflight of CORS, which carries none. {@link Grant} describes the token.
   * A route of it wins over a route of the simulator. If neither has a route, the answer is 404. What a route fails with
   * becomes the response that it would become on a server of the platform. So a route reads a body without a catch: one that
   * it can't decode is answered 400, and the answer says why. A route that fails otherwise is answered 500, and is a defect
   * at the end of `CxoneSimulator.layerTest`.
   */
  readonly api?: HttpApp.Default<unknown, Grant | Scope.Scope> | undefined
  /** How long each request waits before it is handled, by the `Clock`. Default: not at all. */
  readonly latency?: Duration.DurationInput | undefined
  /** How many requests the routes take. Default: any number. It is a defect if no request can fit a quota. */
  readonly quotas?: ReadonlyArray<Quota> | undefined
  /** How many bytes of each request's body are recorded: 1 MiB. `RecordedRequest.isCut` tells if there were more. */
  readonly maxRecordedBytes?: number | undefined
}

/**
 * The client of a simulator without the option `clients`. Its id and secret are made up.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultClient: SimulatedClient = {
  clientId: "test-client",
  // These characters must be form-encoded, so a client that doesn't encode its secret is refused.
  clientSecret: Redacted.make("test+secret/for=tests&100%"),
  scopes: ["offline_access", "read:users", "write:users", "read:reports"]
}

export const defaultGrantTypes: ReadonlyArray<string> = ["client_credentials", "password", "refresh_token"]

export const defaultTokenLifetime: Duration.Duration = Duration.hours(1)

export const defaultMaxRecordedBytes: number = 1024 * 1024
