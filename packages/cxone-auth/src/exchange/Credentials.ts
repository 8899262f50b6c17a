/**
 * What an application proves its right to a token with.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Equal from "effect/Equal"
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
 * A client, and the access key of an employee, for the `password` grant (RFC 6749 §4.3): what NICE documents for
 * back-end apps (facts §1b). The key's id and secret stand in for user name and password.
 *
 * @since 0.1.0
 * @category models
 */
export class AccessKey extends Data.TaggedClass("AccessKey")<{
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly accessKeyId: string
  readonly accessKeySecret: Redacted.Redacted<string>
  readonly clientAuth: ClientAuth
}> {}

/**
 * An access key without a client, for an area's own token service (facts §1a).
 *
 * @since 0.1.0
 * @category models
 */
export class AccessKeyOnly extends Data.TaggedClass("AccessKeyOnly")<{
  readonly accessKeyId: string
  readonly accessKeySecret: Redacted.Redacted<string>
}> {}

/**
 * What an application proves its right to a token with.
 *
 * @since 0.1.0
 * @category models
 */
export type Credentials = ClientSecret | AccessKey | AccessKeyOnly

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
 * The ids in it, which are no secrets, and the secrets.
 *
 * @since 0.1.0
 * @category getters
 */
export const partsOf = (
  credentials: Credentials
): { readonly ids: ReadonlyArray<string>; readonly secrets: ReadonlyArray<Redacted.Redacted<string>> } => {
  switch (credentials._tag) {
    case "ClientSecret":
      return { ids: [credentials.clientId], secrets: [credentials.clientSecret] }
    case "AccessKey":
      return {
        ids: [credentials.clientId, credentials.accessKeyId],
        secrets: [credentials.clientSecret, credentials.accessKeySecret]
      }
    case "AccessKeyOnly":
      return { ids: [credentials.accessKeyId], secrets: [credentials.accessKeySecret] }
  }
}

const identityOf = (credentials: Credentials) => {
  const { ids, secrets } = partsOf(credentials)
  return Data.tuple(credentials._tag, ...ids, ...secrets)
}

/** Whether both are the same ids with the same secrets. How the client authenticates doesn't matter. */
export const isSame = (self: Credentials, that: Credentials): boolean =>
  Equal.equals(identityOf(self), identityOf(that))

/** The credentials in an input: one, or the current ones and the next. */
export const eachOf = (
  input: Credentials | RotatingCredentials
): readonly [current: Credentials, ...next: ReadonlyArray<Credentials>] =>
  input._tag === "RotatingCredentials" ? [input.current, input.next] : [input]

interface Client {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  /** How to send them; the default is said at {@link Credentials}. */
  readonly clientAuth?: ClientAuth
}

interface Key {
  readonly accessKeyId: string
  readonly accessKeySecret: Redacted.Redacted<string>
}

/**
 * Builds credentials.
 *
 * - `clientSecret`: a client alone, as the brief's gateway takes it. It is sent in the form ({@link ClientAuth}`.post`).
 * - `accessKey`: a client and an access key, as NICE documents it. The client is sent as HTTP Basic credentials
 *   ({@link ClientAuth}`.basic`), unless the application was registered for the form.
 * - `accessKeyOnly`: an access key without a client.
 * - `rotating` joins two of them for the time of a rotation: deploy with both, then switch at the provider, whenever.
 *
 * They throw a `TypeError` that names the field if an id or a secret is empty, has white space at either end (which is
 * how a bad copy and paste shows), or is an access key's id where a client id belongs. No value is part of a message.
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
 *
 * export const withAccessKey = Credentials.accessKey({
 *   clientId: "reporting-job",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   accessKeyId: "K3Y1D====",
 *   accessKeySecret: Redacted.make("K3YS3CR3T====")
 * })
 * ```
 */
export const Credentials = {
  clientSecret: (options: Client): ClientSecret => {
    requireClient("clientSecret", options)
    const { clientAuth = ClientAuth.post, clientId, clientSecret } = options
    return new ClientSecret({ clientId, clientSecret, clientAuth })
  },
  accessKey: (options: Client & Key): AccessKey => {
    requireClient("accessKey", options)
    requireKey("accessKey", options)
    const { accessKeyId, accessKeySecret, clientAuth = ClientAuth.basic, clientId, clientSecret } = options
    return new AccessKey({ clientId, clientSecret, accessKeyId, accessKeySecret, clientAuth })
  },
  accessKeyOnly: (options: Key): AccessKeyOnly => {
    requireKey("accessKeyOnly", options)
    const { accessKeyId, accessKeySecret } = options
    return new AccessKeyOnly({ accessKeyId, accessKeySecret })
  },
  rotating: (options: { readonly current: Credentials; readonly next: Credentials }): RotatingCredentials =>
    new RotatingCredentials(options)
}

/**
 * Whether a text looks like the id of an access key. They end in `====` (facts §1b), which no client id does.
 *
 * @since 0.1.0
 * @category predicates
 */
export const looksLikeAccessKeyId = (text: string): boolean => text.endsWith("====")

const requireClient = (builder: string, { clientId, clientSecret }: Client): void => {
  requireTrimmed(`${builder}: clientId`, clientId)
  requireTrimmed(`${builder}: clientSecret`, Redacted.value(clientSecret))
  if (looksLikeAccessKeyId(clientId)) {
    throw new TypeError(
      `Credentials.${builder}: clientId ends in "====", as the id of an access key does; give that as accessKeyId`
    )
  }
}

const requireKey = (builder: string, { accessKeyId, accessKeySecret }: Key): void => {
  requireTrimmed(`${builder}: accessKeyId`, accessKeyId)
  requireTrimmed(`${builder}: accessKeySecret`, Redacted.value(accessKeySecret))
}

const requireTrimmed = (field: string, value: string | undefined): void => {
  if (typeof value !== "string" || value.trim() === "") {
    throw new TypeError(`Credentials.${field} is empty`)
  }
  if (value !== value.trim()) {
    throw new TypeError(`Credentials.${field} has white space at its start or end; remove it`)
  }
}
