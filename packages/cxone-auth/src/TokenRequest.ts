/**
 * The request for a token, as it goes over the wire.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { Credentials } from "./Credentials.js"
import * as ScopeSet from "./ScopeSet.js"

/**
 * A request for a token: these credentials, at this endpoint, for these scopes.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenRequest {
  readonly tokenEndpoint: URL
  readonly credentials: Credentials
  readonly scopes: ScopeSet.ScopeSet
}

/**
 * The request on the wire (RFC 6749 §4.4.2): a form POST with `grant_type`, what proves the client, and `scope`, which
 * is left out when no scope is asked for.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toHttp = ({ credentials, scopes, tokenEndpoint }: TokenRequest): HttpClientRequest.HttpClientRequest => {
  const proof = credentials.clientAuth(credentials)
  return HttpClientRequest.post(tokenEndpoint.href).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.setHeaders(Record.map(proof.headers, Redacted.value)),
    HttpClientRequest.bodyUrlParams({
      grant_type: "client_credentials",
      ...Record.map(proof.form, Redacted.value),
      ...(scopes.length === 0 ? {} : { scope: ScopeSet.toParameter(scopes) })
    })
  )
}

/**
 * Everything in the request that no error may repeat (S2).
 *
 * @since 0.1.0
 * @category getters
 */
export const secretsOf = ({ credentials }: TokenRequest): ReadonlyArray<Redacted.Redacted<string>> => {
  const { clientId, clientSecret } = credentials
  const proof = credentials.clientAuth(credentials)
  const sent = [Redacted.make(clientId), clientSecret, ...Object.values(proof.form), ...Object.values(proof.headers)]
  // Striking out an id of a letter or two would leave nothing to read, and it is no secret.
  return sent.filter((value) => clientId.length >= 4 || Redacted.value(value) !== clientId)
}

/**
 * The endpoint as an error may name it: without its query, which a gateway may want a key in.
 *
 * @since 0.1.0
 * @category getters
 */
export const endpointName = ({ tokenEndpoint }: TokenRequest): string =>
  `${tokenEndpoint.origin}${tokenEndpoint.pathname}`
