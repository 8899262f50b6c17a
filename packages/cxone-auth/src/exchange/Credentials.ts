import * as Data from "effect/Data"
import * as Equal from "effect/Equal"
import * as Redacted from "effect/Redacted"
import { ClientAuth } from "./ClientAuth.js"

/**
 * A client, as {@link Credentials} takes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  /** The application's id, as NICE or CXone's Admin portal gave it. */
  readonly clientId: string
  /** The secret of the same application. */
  readonly clientSecret: Redacted.Redacted<string>
  /**
   * How the client authenticates. Default: `ClientAuth.post` for a client alone, `ClientAuth.basic` for a client with an
   * access key.
   */
  readonly clientAuth?: ClientAuth | undefined
}

/**
 * An access key, as {@link Credentials} takes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessKeyOptions {
  /** The id of the key, from the record of the employee that it belongs to. It ends in `====`. */
  readonly accessKeyId: string
  /** The secret of the same key. */
  readonly accessKeySecret: Redacted.Redacted<string>
}

interface Client extends ClientOptions {
  readonly clientAuth: ClientAuth
}

/**
 * Two credentials, as {@link Credentials}`.rotating` takes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface RotatingOptions {
  /** Those in use. */
  readonly current: Credentials
  /** Those that replace them. */
  readonly next: Credentials
}

/**
 * A client id and secret for the `client_credentials` grant (RFC 6749 §4.4).
 *
 * @since 0.1.0
 * @category models
 */
export class ClientSecret extends Data.TaggedClass("ClientSecret")<Client> {}

/**
 * A client, and the access key of an employee, for the `password` grant (RFC 6749 §4.3): what NICE documents for back-end
 * apps. The key's id and secret take the place of user name and password.
 *
 * @since 0.1.0
 * @category models
 */
export class AccessKey extends Data.TaggedClass("AccessKey")<Client & AccessKeyOptions> {}

/**
 * An access key without a client, for an area's own token service.
 *
 * @since 0.1.0
 * @category models
 */
export class AccessKeyOnly extends Data.TaggedClass("AccessKeyOnly")<AccessKeyOptions> {}

/**
 * What an application authenticates with to get a token.
 *
 * @since 0.1.0
 * @category models
 */
export type Credentials = ClientSecret | AccessKey | AccessKeyOnly

/**
 * Credentials that are about to be replaced, and those that will replace them. If the provider refuses one
 * (`InvalidClient`), the other is tried at once. From then on, the ones that were accepted last are tried first.
 *
 * @since 0.1.0
 * @category models
 */
export class RotatingCredentials extends Data.TaggedClass("RotatingCredentials")<RotatingOptions> {}

const identityOf = (credentials: Credentials) => Data.struct({ ...credentials, clientAuth: undefined })

/** Whether both are the same ids with the same secrets. How the client authenticates doesn't matter. */
export const isSame = (self: Credentials, that: Credentials): boolean =>
  Equal.equals(identityOf(self), identityOf(that))

const idsOf = (credentials: Credentials) =>
  Data.struct({
    clientId: credentials._tag === "AccessKeyOnly" ? undefined : credentials.clientId,
    accessKeyId: credentials._tag === "ClientSecret" ? undefined : credentials.accessKeyId
  })

/** Whether both are the same client and the same access key, with whatever secrets. */
export const haveSameIds = (self: Credentials, that: Credentials): boolean => Equal.equals(idsOf(self), idsOf(that))

/** The credentials in an input: one, or the current ones and the next. */
export const eachOf = (
  input: Credentials | RotatingCredentials
): readonly [current: Credentials, ...next: ReadonlyArray<Credentials>] =>
  input._tag === "RotatingCredentials" ? [input.current, input.next] : [input]

/**
 * Builds credentials. Each constructor throws a `TypeError` that names the field if an id or a secret is empty, has white
 * space at either end (the usual sign of a bad copy and paste), if a secret is missing or not `Redacted`, or if the client
 * id ends in `====`, as the id of an access key does. No message repeats a value.
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
  /**
   * A client alone, for the platform gateway (`CxoneEnvironment.region`) or a custom endpoint. It is sent in the form ({@link ClientAuth}`.post`), unless `clientAuth` says
   * otherwise.
   */
  clientSecret: (options: ClientOptions): ClientSecret => {
    const { clientAuth = ClientAuth.post, clientId, clientSecret } = options
    return requireClient("clientSecret", new ClientSecret({ clientId, clientSecret, clientAuth }))
  },
  /**
   * A client and an access key, as NICE documents it for back-end apps (`CxoneEnvironment.discover`). The client is sent as HTTP Basic credentials
   * ({@link ClientAuth}`.basic`). If the application was registered for the form, give `clientAuth: ClientAuth.post`.
   */
  accessKey: (options: ClientOptions & AccessKeyOptions): AccessKey => {
    const { accessKeyId, accessKeySecret, clientAuth = ClientAuth.basic, clientId, clientSecret } = options
    const credentials = new AccessKey({ clientId, clientSecret, accessKeyId, accessKeySecret, clientAuth })
    return requireKey("accessKey", requireClient("accessKey", credentials))
  },
  /** An access key without a client, for an area's own token service (`CxoneEnvironment.area`). */
  accessKeyOnly: (options: AccessKeyOptions): AccessKeyOnly => {
    const { accessKeyId, accessKeySecret } = options
    return requireKey("accessKeyOnly", new AccessKeyOnly({ accessKeyId, accessKeySecret }))
  },
  /**
   * Two credentials during a rotation: those in use, and those that replace them. Deploy with both, then switch at the
   * provider at any time.
   */
  rotating: (options: RotatingOptions): RotatingCredentials => new RotatingCredentials(options)
}

/** Whether a text looks like the id of an access key, which ends in `====`. No client id does. */
export const looksLikeAccessKeyId = (text: string): boolean => text.endsWith("====")

const requireClient = <A extends ClientOptions>(builder: string, client: A): A => {
  requireTrimmed(`${builder}: clientId`, client.clientId)
  requireSecret(`${builder}: clientSecret`, client.clientSecret)
  if (looksLikeAccessKeyId(client.clientId)) {
    throw new TypeError(
      `Credentials.${builder}: clientId ends in "====", as the id of an access key does; give that as accessKeyId`
    )
  }
  return client
}

const requireKey = <A extends AccessKeyOptions>(builder: string, key: A): A => {
  requireTrimmed(`${builder}: accessKeyId`, key.accessKeyId)
  requireSecret(`${builder}: accessKeySecret`, key.accessKeySecret)
  return key
}

const requireSecret = (field: string, secret: unknown): void => {
  if (!Redacted.isRedacted(secret)) {
    const given = secret === undefined ? "is missing" : "is not redacted"
    throw new TypeError(`Credentials.${field} ${given}; expected a Redacted string, such as Redacted.make("s3cr3t")`)
  }
  requireTrimmed(field, Redacted.value(secret))
}

const requireTrimmed = (field: string, value: unknown): void => {
  if (typeof value !== "string" || value.trim() === "") {
    throw new TypeError(`Credentials.${field} is empty`)
  }
  if (value !== value.trim()) {
    throw new TypeError(`Credentials.${field} has white space at its start or end; remove it`)
  }
}
