import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as SecureUrl from "../http/SecureUrl.js"
import * as ScopeSet from "../token/ScopeSet.js"
import type { ClientProof } from "./ClientAuth.js"
import { type AccessKey, type AccessKeyOnly, type ClientSecret, type Credentials, partsOf } from "./Credentials.js"

/** A request for a token: these credentials, at this endpoint, for these scopes. */
export interface TokenRequest {
  readonly tokenEndpoint: URL
  readonly credentials: Credentials
  readonly scopes: ScopeSet.ScopeSet
}

/**
 * The request on the wire. A client sends the form of RFC 6749 §4.4.2, and a client with an access key that of §4.3.2; both
 * send `scope` only if there are scopes. An access key alone sends JSON, which has no place for scopes
 * (docs/cxone-facts.md).
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

/** Everything in the request that no error may repeat (S2). */
export const secretsOf = ({ credentials }: TokenRequest): ReadonlyArray<Redacted.Redacted<string>> => {
  const { ids, secrets } = partsOf(credentials)
  const proof = credentials._tag === "AccessKeyOnly" ? { form: {}, headers: {} } : proofOf(credentials)
  const sent = [...ids.map(Redacted.make), ...secrets, ...Object.values(proof.form), ...Object.values(proof.headers)]
  // An id is no secret, and striking out one of a letter or two would leave nothing to read.
  return sent.filter((value) => !ids.some((id) => id.length < 4 && id === Redacted.value(value)))
}

/** The endpoint as an error may name it. */
export const endpointName = ({ tokenEndpoint }: TokenRequest): string => SecureUrl.nameOf(tokenEndpoint)
