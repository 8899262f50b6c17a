import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as SecureUrl from "../http/SecureUrl.js"
import * as ScopeSet from "../token/ScopeSet.js"
import type { ClientProof } from "./ClientAuth.js"
import type { AccessKey, ClientSecret, Credentials } from "./Credentials.js"

/** A request for a token: these credentials, at this endpoint, for these scopes. */
export interface TokenRequest {
  readonly tokenEndpoint: URL
  readonly credentials: Credentials
  readonly scopes: ScopeSet.ScopeSet
}

/**
 * The request on the wire. A client alone sends the form of RFC 6749 §4.4.2. A client with an access key sends the form
 * of §4.3.2. Both send `scope` only if there are scopes. An access key alone sends JSON, which has no place for scopes
 * (docs/cxone-facts.md).
 */
export const toHttp = ({ credentials, scopes, tokenEndpoint }: TokenRequest): HttpClientRequest.HttpClientRequest => {
  const post = HttpClientRequest.acceptJson(HttpClientRequest.post(tokenEndpoint.href))
  if (credentials._tag === "AccessKeyOnly") {
    return HttpClientRequest.bodyUnsafeJson(post, {
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: Redacted.value(credentials.accessKeySecret)
    })
  }
  const { form, headers } = proofOf(credentials)
  return post.pipe(
    HttpClientRequest.setHeaders(Record.map(headers, Redacted.value)),
    HttpClientRequest.bodyUrlParams({
      ...grantOf(credentials),
      ...Record.map(form, Redacted.value),
      ...(scopes.length === 0 ? {} : { scope: ScopeSet.toParameter(scopes) })
    })
  )
}

const grantOf = (credentials: ClientSecret | AccessKey): { readonly [parameter: string]: string } => {
  if (credentials._tag === "ClientSecret") {
    return { grant_type: "client_credentials" }
  }
  const { accessKeyId: username, accessKeySecret } = credentials
  return { grant_type: "password", username, password: Redacted.value(accessKeySecret) }
}

const proofOf = ({ clientAuth, clientId, clientSecret }: ClientSecret | AccessKey): ClientProof =>
  clientAuth({ clientId, clientSecret })

/** Everything in the request that no error may repeat (S2). */
export const secretsOf = ({ credentials }: TokenRequest): ReadonlyArray<Redacted.Redacted<string>> => {
  const client = credentials._tag === "AccessKeyOnly" ? undefined : credentials
  const key = credentials._tag === "ClientSecret" ? undefined : credentials
  const proof = client === undefined ? undefined : proofOf(client)
  const ids = [client?.clientId, key?.accessKeyId].filter(Predicate.isNotUndefined)
  const secrets = [client?.clientSecret, key?.accessKeySecret].filter(Predicate.isNotUndefined)
  const proven = [...Object.values(proof?.form ?? {}), ...Object.values(proof?.headers ?? {})]
  const sent = [...ids.map(Redacted.make), ...secrets, ...proven]
  // An id is no secret. One of up to three characters is not struck out, because nothing would be left to read.
  return sent.filter((value) => !ids.some((id) => id.length < 4 && id === Redacted.value(value)))
}

/** The endpoint as an error may name it. */
export const endpointName = ({ tokenEndpoint }: TokenRequest): string => SecureUrl.nameOf(tokenEndpoint)
