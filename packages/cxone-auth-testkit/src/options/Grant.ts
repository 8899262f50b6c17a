/**
 * What stands behind the token of a request.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * What stands behind a valid token.
 *
 * @since 0.1.0
 * @category models
 */
export interface GrantService {
  /** The client; for an access key that came without one, the first that was registered. */
  readonly clientId: string
  /** The tenant of the access key; `undefined` for a token that a client got for itself. */
  readonly tenantId: string | undefined
  readonly scopes: ReadonlyArray<string>
  /** When the token ends, in milliseconds by the `Clock`. */
  readonly expiresAt: number
}

/**
 * The grant behind the token of the request at hand, for the routes of the `api` option.
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
 *     : HttpServerResponse.empty({ status: 403 })
 * })
 *
 * export const SimulatorLayer = CxoneSimulator.layerServer({
 *   api: HttpRouter.empty.pipe(HttpRouter.get("/api/v2/reports", reports))
 * })
 * ```
 */
export class Grant extends Context.Tag("cxone-auth-testkit/Grant")<Grant, GrantService>() {}
