import * as Data from "effect/Data"
import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"
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

// An app may have loaded the package twice, and then there are two of the class below.
const brand = Symbol.for("cxone-auth/InvalidCredentials")

/** What the app gave can't be credentials. The message names the field, and repeats no value. */
class InvalidCredentials extends TypeError {
  readonly [brand] = true
}

/** Whether a constructor of {@link Credentials} threw this. */
export const isInvalid = (error: unknown): error is Error => Predicate.hasProperty(error, brand)

/**
 * Builds credentials. White space at either end of an id or a secret is dropped, because most files end with a line break,
 * and the layer warns of it. Each constructor throws a `TypeError` that names the field if an id or a secret is empty, if a
 * secret is missing or not `Redacted`, if the client id ends in `====`, as the id of an access key does, or if
 * `clientAuth` is no function. No message repeats a value. In an effect that yields the credentials, that becomes
 * `CredentialsUnavailable` with the same message.
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
   * A client alone, for the platform gateway (`CxoneEnvironment.region`) or a custom endpoint. It is sent in the form
   * ({@link ClientAuth}`.post`), unless `clientAuth` says otherwise.
   */
  clientSecret: (options: ClientOptions): ClientSecret => {
    const fields = reading("clientSecret")
    return fields.keep(new ClientSecret(fields.client(options, ClientAuth.post)))
  },
  /**
   * A client and an access key, as NICE documents it for back-end apps (`CxoneEnvironment.discover`). The client is sent
   * as HTTP Basic credentials ({@link ClientAuth}`.basic`). If the application was registered for the form, give
   * `clientAuth: ClientAuth.post`.
   */
  accessKey: (options: ClientOptions & AccessKeyOptions): AccessKey => {
    const fields = reading("accessKey")
    return fields.keep(new AccessKey({ ...fields.client(options, ClientAuth.basic), ...fields.key(options) }))
  },
  /** An access key without a client, for an area's own token service (`CxoneEnvironment.area`). */
  accessKeyOnly: (options: AccessKeyOptions): AccessKeyOnly => {
    const fields = reading("accessKeyOnly")
    return fields.keep(new AccessKeyOnly(fields.key(options)))
  },
  /**
   * Two credentials during a rotation: those in use, and those that replace them. Deploy with both, then switch at the
   * provider at any time.
   */
  rotating: ({ current, next }: RotatingOptions): RotatingCredentials => {
    for (const [field, credentials] of Object.entries({ current, next })) {
      if (!isCredentials(credentials)) {
        throw new InvalidCredentials(`Credentials.rotating: ${field} must be made by a constructor of Credentials`)
      }
    }
    return new RotatingCredentials({ current, next })
  }
}

/** Whether a text looks like the id of an access key, which ends in `====`. No client id does. */
export const looksLikeAccessKeyId = (text: string): boolean => text.endsWith("====")

// By the fields, because an app may have loaded the package twice.
const isCredentials = (input: unknown): input is Credentials => {
  const { _tag, accessKeyId, accessKeySecret, clientAuth, clientId, clientSecret } = fieldsOf(input)
  const hasClient =
    typeof clientId === "string" && Redacted.isRedacted(clientSecret) && typeof clientAuth === "function"
  const hasKey = typeof accessKeyId === "string" && Redacted.isRedacted(accessKeySecret)
  return (
    (_tag === "ClientSecret" && hasClient) ||
    (_tag === "AccessKey" && hasClient && hasKey) ||
    (_tag === "AccessKeyOnly" && hasKey)
  )
}

const fieldsOf = (input: unknown): Partial<Record<string, unknown>> => (Predicate.isRecord(input) ? input : {})

/** Whether this is what a constructor of {@link Credentials} gave. Plain JavaScript may pass anything. */
export const isInput = (input: unknown): input is Credentials | RotatingCredentials => {
  const { _tag, current, next } = fieldsOf(input)
  return isCredentials(input) || (_tag === "RotatingCredentials" && isCredentials(current) && isCredentials(next))
}

const trimmed = new WeakMap<Credentials, ReadonlyArray<string>>()

/** The fields that had white space at an end. */
export const trimmedIn = (credentials: Credentials): ReadonlyArray<string> => trimmed.get(credentials) ?? []

/** Reads the fields for a constructor. */
const reading = (builder: string) => {
  const padded: Array<string> = []

  const refuse = (field: string, problem: string): never => {
    throw new InvalidCredentials(`Credentials.${builder}: ${field} ${problem}`)
  }
  const text = (field: string, value: unknown): string => {
    if (typeof value !== "string") {
      return refuse(field, value === undefined ? "is missing" : "is no text")
    }
    if (value.trim() === "") {
      return refuse(field, "is empty")
    }
    if (value !== value.trim()) {
      padded.push(field)
    }
    return value.trim()
  }
  const secret = (field: string, value: unknown): Redacted.Redacted<string> => {
    if (!Redacted.isRedacted(value)) {
      const problem = value === undefined ? "is missing" : "is not redacted"
      return refuse(field, `${problem}; expected a Redacted string, such as Redacted.make("s3cr3t")`)
    }
    return Redacted.make(text(field, Redacted.value(value)))
  }

  return {
    client: ({ clientAuth, clientId, clientSecret }: ClientOptions, usual: ClientAuth): Client => {
      const id = text("clientId", clientId)
      if (looksLikeAccessKeyId(id)) {
        refuse("clientId", 'ends in "====", as the id of an access key does; give that as accessKeyId')
      }
      if (clientAuth !== undefined && typeof clientAuth !== "function") {
        refuse("clientAuth", "must be ClientAuth.post, ClientAuth.basic, or a function")
      }
      const ofClient = secret("clientSecret", clientSecret)
      if (Redacted.value(ofClient) === id) {
        refuse("clientSecret", "is the same as clientId")
      }
      return { clientId: id, clientSecret: ofClient, clientAuth: clientAuth ?? usual }
    },
    key: ({ accessKeyId, accessKeySecret }: AccessKeyOptions): AccessKeyOptions => ({
      accessKeyId: text("accessKeyId", accessKeyId),
      accessKeySecret: secret("accessKeySecret", accessKeySecret)
    }),
    /** Remembers which fields of the credentials had white space. */
    keep: <A extends Credentials>(credentials: A): A => {
      if (padded.length > 0) {
        trimmed.set(credentials, padded)
      }
      return credentials
    }
  }
}
