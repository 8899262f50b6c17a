import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as ConnectionHeaders from "../http/ConnectionHeaders.js"
import * as FormEncoding from "../http/FormEncoding.js"
import * as Redaction from "../http/Redaction.js"
import * as TransportFailure from "../http/TransportFailure.js"

/**
 * What a client adds to a token request to authenticate (RFC 6749 §2.3.1): form parameters, headers, or both.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientProof {
  /** Parameters that are added to the form of the request. */
  readonly form: { readonly [parameter: string]: Redacted.Redacted<string> }
  /** Headers that are added to the request. */
  readonly headers: { readonly [header: string]: Redacted.Redacted<string> }
}

/**
 * A way to authenticate the client at the token endpoint. {@link ClientAuth} has the two of RFC 6749 §2.3.1. If an
 * application was registered for another one, give a function of this type. It is called for each token request. If it
 * throws, or returns something that is no {@link ClientProof}, the call fails with `CredentialsUnavailable`
 * (`client_auth`), and nothing is sent.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientAuth = (client: {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}) => ClientProof

/**
 * The ways to authenticate a client (RFC 6749 §2.3.1). The registration of the application says which one CXone expects.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { ClientAuth, Credentials } from "cxone-auth"
 * import { Redacted } from "effect"
 *
 * export const credentials = Credentials.clientSecret({
 *   clientId: "reporting-job",
 *   clientSecret: Redacted.make("100% secret: a+b"),
 *   clientAuth: ClientAuth.basic
 * })
 * ```
 */
export const ClientAuth: {
  /** Puts id and secret into the form. */
  readonly post: ClientAuth
  /** Form-encodes id and secret, and sends them as HTTP Basic credentials. */
  readonly basic: ClientAuth
} = {
  post: ({ clientId, clientSecret }) => ({
    form: { client_id: Redacted.make(clientId), client_secret: clientSecret },
    headers: {}
  }),
  basic: ({ clientId, clientSecret }) => {
    const pair = `${FormEncoding.encode(clientId)}:${FormEncoding.encode(Redacted.value(clientSecret))}`
    return { form: {}, headers: { authorization: Redacted.make(`Basic ${Encoding.encodeBase64(pair)}`) } }
  }
}

type Client = Parameters<ClientAuth>[0]

const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

const isRedactedText = (value: unknown): value is Redacted.Redacted<string> =>
  Redacted.isRedacted(value) && typeof Redacted.value(value) === "string"

const isRecord = (input: unknown): input is ClientProof["form"] =>
  Predicate.isReadonlyRecord(input) && Object.values(input).every(isRedactedText)

const areHeaders = (input: ClientProof["headers"]): boolean =>
  Object.entries(input).every(
    ([name, value]) =>
      fieldName.test(name) && fieldValue.test(Redacted.value(value)) && !ConnectionHeaders.has(name.toLowerCase())
  )

/**
 * Runs the app's function. On the left is what is wrong with what it did, as far as that may be shown: it knows the
 * secret, so of what it threw only the kind is kept.
 */
export const run = (
  client: Client & { readonly clientAuth: ClientAuth }
): Either.Either<ClientProof, string | undefined> =>
  Either.try({
    // The function may be written in JavaScript, or cast.
    try: (): { readonly form?: unknown; readonly headers?: unknown } | undefined => client.clientAuth(client),
    catch: (thrown) => {
      const kind = TransportFailure.kindOf(thrown)
      return kind !== undefined && Redaction.repeats(kind, [client.clientSecret]) ? undefined : kind
    }
  }).pipe(
    Either.flatMap((proof): Either.Either<ClientProof, string> => {
      const { form, headers } = proof ?? {}
      if (Predicate.isPromise(proof)) {
        return Either.left("it returned a promise, so it must not be async")
      }
      if (!isRecord(form)) {
        return Either.left("it returned a form that is not an object of Redacted texts")
      }
      if (!isRecord(headers)) {
        return Either.left("it returned headers that are not an object of Redacted texts")
      }
      return areHeaders(headers)
        ? Either.right({ form, headers })
        : Either.left("it returned a header that can't be sent")
    })
  )
