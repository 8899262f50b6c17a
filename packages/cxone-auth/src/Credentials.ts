/**
 * What an application proves its right to a token with.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import { ClientAuth } from "./ClientAuth.js"

/**
 * A client id and secret for the `client_credentials` grant (RFC 6749 §4.4).
 *
 * @since 0.1.0
 * @category models
 */
export class ClientSecret extends Data.TaggedClass("ClientSecret")<{
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly clientAuth: ClientAuth
}> {}

/**
 * What an application proves its right to a token with.
 *
 * @since 0.1.0
 * @category models
 */
export type Credentials = ClientSecret

/**
 * Credentials that are about to be replaced, and those that will replace them. Where the provider refuses the one
 * (`InvalidClient`), the other is tried at once; those that were accepted last are tried first from then on (L10).
 *
 * @since 0.1.0
 * @category models
 */
export class RotatingCredentials extends Data.TaggedClass("RotatingCredentials")<{
  readonly current: Credentials
  readonly next: Credentials
}> {}

/**
 * Whether both are the same client with the same secret; how it is sent does not matter.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSameClient = (self: Credentials, that: Credentials): boolean =>
  self.clientId === that.clientId && Redacted.value(self.clientSecret) === Redacted.value(that.clientSecret)

/**
 * Builds credentials. `clientSecret` throws a `TypeError` that names the field if the id or the secret is empty or
 * has white space at either end, which is how a bad copy and paste shows; neither is ever part of the message.
 * `rotating` joins two of them for the time of a rotation: deploy with both, then switch at the provider, whenever.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Credentials } from "cxone-auth"
 * import { Redacted } from "effect"
 *
 * export const current = Credentials.clientSecret({
 *   clientId: "reporting-job",
 *   clientSecret: Redacted.make("s3cr3t")
 * })
 *
 * export const whileRotating = Credentials.rotating({
 *   current,
 *   next: Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make("n3xt") })
 * })
 * ```
 */
export const Credentials = {
  clientSecret: (options: {
    readonly clientId: string
    readonly clientSecret: Redacted.Redacted<string>
    /** How to send them; default {@link ClientAuth}`.post`. */
    readonly clientAuth?: ClientAuth
  }): Credentials => {
    requireTrimmed("clientId", options.clientId)
    requireTrimmed("clientSecret", Redacted.value(options.clientSecret))
    return new ClientSecret({ ...options, clientAuth: options.clientAuth ?? ClientAuth.post })
  },
  rotating: (options: { readonly current: Credentials; readonly next: Credentials }): RotatingCredentials =>
    new RotatingCredentials(options)
}

const requireTrimmed = (field: string, value: string | undefined): void => {
  if (typeof value !== "string" || value.trim() === "") {
    throw new TypeError(`Credentials.clientSecret: ${field} is empty`)
  }
  if (value !== value.trim()) {
    throw new TypeError(`Credentials.clientSecret: ${field} has white space at its start or end; remove it`)
  }
}
