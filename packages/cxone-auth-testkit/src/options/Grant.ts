import * as Context from "effect/Context"
import type { SimulatedUser } from "./SimulatedUser.js"

/**
 * What a valid token grants. A preflight of CORS carries no token: there the client is empty, and there are no scopes.
 *
 * @since 0.1.0
 * @category models
 */
export interface GrantService {
  /** The client that requested the token. For an access key without a client, it is the first client of the options. */
  readonly clientId: string
  /** The tenant of the access key; `undefined` for a client's own token. */
  readonly tenantId: string | undefined
  /** The access key; `undefined` for a client's own token. */
  readonly accessKeyId: string | undefined
  /** The user of the access key; the option `user` for a client's own token. */
  readonly user: SimulatedUser
  /** The scopes that were granted. */
  readonly scopes: ReadonlyArray<string>
  /** When the token expires, in milliseconds by the `Clock`. */
  readonly expiresAt: number
}

/**
 * What the token of the current request grants. The routes of the option `api` can read it.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { CxoneSimulator, Grant } from "cxone-auth-testkit"
 * import { Effect } from "effect"
 *
 * const reports = Effect.gen(function* () {
 *   const { scopes } = yield* Grant
 *   return scopes.includes("read:reports")
 *     ? HttpServerResponse.unsafeJson({ reports: [] })
 *     : HttpServerResponse.empty({
 *         status: 403,
 *         // By this, the client knows that it is `InsufficientScope`.
 *         headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="read:reports"' }
 *       })
 * })
 *
 * export const SimulatorLayer = CxoneSimulator.layerServer({
 *   api: HttpRouter.empty.pipe(HttpRouter.get("/api/v2/reports", reports))
 * })
 * ```
 */
export class Grant extends Context.Tag("cxone-auth-testkit/Grant")<Grant, GrantService>() {}
