import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import { CredentialsUnavailable, type TokenEndpointUnavailable } from "../errors/CxoneAuthError.js"
import type * as Redaction from "../http/Redaction.js"
import * as SecureUrl from "../http/SecureUrl.js"
import type { Subject } from "../store/TokenStoreService.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as ClientAuth from "./ClientAuth.js"
import type { AccessKey, ClientSecret, Credentials } from "./Credentials.js"

/** A request for a token: these credentials, at this endpoint, for these scopes. */
export interface TokenRequest {
  readonly tokenEndpoint: URL
  /** The constructor of `CxoneEnvironment` that gave the endpoint. */
  readonly environment: NonNullable<TokenEndpointUnavailable["environment"]>
  readonly credentials: Credentials
  readonly scopes: ScopeSet.ScopeSet
}

const noProof: ClientAuth.ClientProof = { form: {}, headers: {} }

/**
 * What the client of a request adds to authenticate. The app's function is called once for each attempt, because its
 * proof may differ each time.
 */
export const prove = ({ credentials }: TokenRequest): Either.Either<ClientAuth.ClientProof, CredentialsUnavailable> =>
  credentials._tag === "AccessKeyOnly"
    ? Either.right(noProof)
    : Either.mapLeft(
        ClientAuth.run(credentials),
        (detail) => new CredentialsUnavailable({ reason: "client_auth", ...(detail === undefined ? {} : { detail }) })
      )

/**
 * The request on the wire. A client alone sends the form of RFC 6749 §4.4.2. A client with an access key sends the form
 * of §4.3.2. Both send `scope` only if there are scopes. An access key alone sends JSON, which has no place for scopes
 * (docs/cxone-facts.md).
 */
export const toHttp = (
  { credentials, scopes, tokenEndpoint }: TokenRequest,
  { form, headers }: ClientAuth.ClientProof
): HttpClientRequest.HttpClientRequest => {
  const post = HttpClientRequest.acceptJson(HttpClientRequest.post(tokenEndpoint.href))
  if (credentials._tag === "AccessKeyOnly") {
    return HttpClientRequest.bodyUnsafeJson(post, {
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: Redacted.value(credentials.accessKeySecret)
    })
  }
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

/** What in the request no error may repeat (S1, S2). */
export const secretsOf = ({ credentials }: TokenRequest, { form, headers }: ClientAuth.ClientProof): Redaction.Sent => {
  const client = credentials._tag === "AccessKeyOnly" ? [] : [credentials.clientId, credentials.clientSecret]
  const key =
    credentials._tag === "ClientSecret" ? [] : [Redacted.make(credentials.accessKeyId), credentials.accessKeySecret]
  const proof = [...Object.values(form), ...Object.values(headers)]
  // The id of a client is no secret, although it is a part of its proof.
  return [...client, ...key, ...proof.filter((value) => !client.includes(Redacted.value(value)))]
}

/**
 * What a shared token is for (L2), and the secrets that a process needs to find it. So a token from old secrets is not found
 * with new ones.
 */
export const subjectOf = ({ credentials, scopes, tokenEndpoint }: TokenRequest): Subject => {
  const client = credentials._tag === "AccessKeyOnly" ? undefined : credentials
  const key = credentials._tag === "ClientSecret" ? undefined : credentials
  return {
    about: [
      tokenEndpoint.href,
      credentials._tag,
      client?.clientId ?? "",
      key?.accessKeyId ?? "",
      ScopeSet.toParameter(scopes)
    ],
    secrets: [client?.clientSecret, key?.accessKeySecret].filter((secret) => secret !== undefined)
  }
}

/** The endpoint as an error may name it. */
export const endpointName = ({ tokenEndpoint }: TokenRequest): string => SecureUrl.nameOf(tokenEndpoint)
