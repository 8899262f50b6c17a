/**
 * The request for a token, as it goes over the wire.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as SecureUrl from "../http/SecureUrl.js"
import * as ScopeSet from "../token/ScopeSet.js"
import type { ClientProof } from "./ClientAuth.js"
import { type AccessKey, type AccessKeyOnly, type ClientSecret, type Credentials, partsOf } from "./Credentials.js"

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
 * The request on the wire: for a client the form of RFC 6749 §4.4.2, for a client with an access key that of §4.3.2,
 * both with `scope` only where one is asked for; for an access key alone the JSON that an area's service takes, which
 * has no place for scopes (facts §1a).
 *
 * @since 0.1.0
 * @category encoding
 */
export const toHttp = ({ credentials, scopes, tokenEndpoint }: TokenRequest): HttpClientRequest.HttpClientRequest => {
  const post = HttpClientRequest.acceptJson(HttpClientRequest.post(tokenEndpoint.href))
  switch (credentials._tag) {
    case "ClientSecret":
      return withForm(post, { grant_type: "client_credentials" }, proofOf(credentials), scopes)
    case "AccessKey": {
      const { accessKeyId: username, accessKeySecret } = credentials
      const grant = { grant_type: "password", username, password: Redacted.value(accessKeySecret) }
      return withForm(post, grant, proofOf(credentials), scopes)
    }
    case "AccessKeyOnly":
      return HttpClientRequest.bodyText(post, keyAsJson(credentials), "application/json")
  }
}

const withForm = (
  post: HttpClientRequest.HttpClientRequest,
  grant: { readonly [parameter: string]: string },
  proof: ClientProof,
  scopes: ScopeSet.ScopeSet
): HttpClientRequest.HttpClientRequest =>
  post.pipe(
    HttpClientRequest.setHeaders(Record.map(proof.headers, Redacted.value)),
    HttpClientRequest.bodyUrlParams({
      ...grant,
      ...Record.map(proof.form, Redacted.value),
      ...(scopes.length === 0 ? {} : { scope: ScopeSet.toParameter(scopes) })
    })
  )

const proofOf = ({ clientAuth, clientId, clientSecret }: ClientSecret | AccessKey): ClientProof =>
  clientAuth({ clientId, clientSecret })

const keyAsJson = ({ accessKeyId, accessKeySecret }: AccessKeyOnly): string =>
  JSON.stringify({ accessKeyId, accessKeySecret: Redacted.value(accessKeySecret) })

/**
 * Everything in the request that no error may repeat (S2).
 *
 * @since 0.1.0
 * @category getters
 */
export const secretsOf = ({ credentials }: TokenRequest): ReadonlyArray<Redacted.Redacted<string>> => {
  const { ids, secrets } = partsOf(credentials)
  const proof = credentials._tag === "AccessKeyOnly" ? { form: {}, headers: {} } : proofOf(credentials)
  const sent = [...ids.map(Redacted.make), ...secrets, ...Object.values(proof.form), ...Object.values(proof.headers)]
  // Striking out an id of a letter or two would leave nothing to read, and it is no secret.
  return sent.filter((value) => !ids.some((id) => id.length < 4 && id === Redacted.value(value)))
}

/** The endpoint as an error may name it. */
export const endpointName = ({ tokenEndpoint }: TokenRequest): string => SecureUrl.nameOf(tokenEndpoint)
