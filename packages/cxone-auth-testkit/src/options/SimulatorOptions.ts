/**
 * What a test can choose, and what it gets if it doesn't.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import type * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { Grant } from "./Grant.js"
import type { SimulatedTenant } from "./SimulatedTenant.js"
import type { SimulatorQuirks } from "./SimulatorQuirks.js"

/**
 * An application that is registered at the simulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedClient {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  /** The scopes that it may ask for, and gets if it asks for none (RFC 6749 §3.3). */
  readonly scopes: ReadonlyArray<string>
  /**
   * The grants that it may use; default {@link defaultGrantTypes}, all that the simulator knows. For any other grant the
   * client is refused with `unauthorized_client`.
   */
  readonly grantTypes?: ReadonlyArray<string>
  /**
   * How it is registered to prove itself: as Basic credentials, or in the form. The other way is then refused with
   * `invalid_client`. Without it, either is accepted.
   */
  readonly authMethod?: "basic" | "post"
  /** How long its tokens live, finite; default one hour (source: the brief). `expires_in` says it in whole seconds. */
  readonly tokenLifetime?: Duration.DurationInput
}

/**
 * What the simulator is made from. Everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatorOptions {
  /** Who may ask for tokens; default {@link defaultClient} alone. The first is the one of `credentials`. */
  readonly clients?: Arr.NonEmptyReadonlyArray<SimulatedClient>
  /** The tenants; default {@link defaultTenant} alone. Each area among them is reached at two hosts of its own. */
  readonly tenants?: Arr.NonEmptyReadonlyArray<SimulatedTenant>
  /**
   * What access tokens look like; default `jwt`, as those of CXone do. Its claims are readable, `exp` among them, and its
   * signature is random bytes: the simulator knows its tokens and verifies none. `opaque` has nothing to read. An
   * `id_token` is a JWT in any case.
   */
  readonly tokenFormat?: "jwt" | "opaque"
  /** How a token answer writes `expires_in`; default `number`. CXone has been seen with each (facts §1c). */
  readonly expiresIn?: "number" | "string" | "omitted"
  /** What else differs from one CXone to another. */
  readonly quirks?: SimulatorQuirks
  /** What `GET /api/v2/users/me` answers; default {@link defaultUser}. */
  readonly user?: { readonly [field: string]: unknown }
  /**
   * The rest of the API: an `HttpRouter`, or any other app. It gets each request that no route of the simulator answers
   * and that carries a valid token, of which {@link Grant} tells. A path that a router doesn't know is answered 404, and
   * so is every path without this option.
   */
  readonly api?: HttpApp.Default<HttpServerError.RouteNotFound, Grant>
}

/**
 * The client that is registered when no other is. Both values are made up, and work nowhere else.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultClient: SimulatedClient = {
  clientId: "test-client",
  // With the characters that a client must encode, so that one that doesn't is found out.
  clientSecret: Redacted.make("test+secret/for=tests&100%"),
  scopes: ["offline_access", "read:users", "write:users", "read:reports"]
}

/**
 * The grants of a client that names none.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultGrantTypes: ReadonlyArray<string> = ["client_credentials", "password"]

/**
 * The user that `GET /api/v2/users/me` answers when no other is given.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultUser: { readonly [field: string]: unknown } = {
  id: "test-user",
  name: "Test User",
  email: "test.user@example.com"
}

/**
 * How long tokens live when a client doesn't say (source: the brief).
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultTokenLifetime: Duration.Duration = Duration.hours(1)
