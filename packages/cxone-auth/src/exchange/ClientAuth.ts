/**
 * How a client proves itself at the token endpoint.
 *
 * @since 0.1.0
 */
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as FormEncoding from "../http/FormEncoding.js"

/**
 * What a client adds to a token request to say who it is (RFC 6749 §2.3.1): form parameters, headers, or both.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientProof {
  readonly form: { readonly [parameter: string]: Redacted.Redacted<string> }
  readonly headers: { readonly [header: string]: Redacted.Redacted<string> }
}

/**
 * A way to authenticate the client at the token endpoint. The two of RFC 6749 §2.3.1 are in {@link ClientAuth}; an
 * application registration that wants another gets a function of this type.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientAuth = (client: {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}) => ClientProof

/**
 * The ways a client can prove itself. `post` puts id and secret into the form, as the brief does it, and is the
 * default. `basic` form-encodes both and sends them as HTTP Basic credentials; which of the two the provider expects
 * is a property of the application's registration (facts §1b).
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
export const ClientAuth: { readonly post: ClientAuth; readonly basic: ClientAuth } = {
  post: ({ clientId, clientSecret }) => ({
    form: { client_id: Redacted.make(clientId), client_secret: clientSecret },
    headers: {}
  }),
  basic: ({ clientId, clientSecret }) => {
    const pair = `${FormEncoding.encode(clientId)}:${FormEncoding.encode(Redacted.value(clientSecret))}`
    return { form: {}, headers: { authorization: Redacted.make(`Basic ${Encoding.encodeBase64(pair)}`) } }
  }
}
