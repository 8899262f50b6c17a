import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as FormEncoding from "../http/FormEncoding.js"

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
 * application was registered for another one, give a function of this type.
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
