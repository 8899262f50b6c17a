/** The floor: the same four requests with the same `HttpClient`, and nothing kept. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Redacted, Schema } from "effect"
import * as Answer from "./Answer.js"
import { Cxone } from "./Cxone.js"
import * as Tenant from "./Tenant.js"

const OpenIdConfiguration = Schema.Struct({ token_endpoint: Schema.String })
const Token = Schema.Struct({ access_token: Schema.String, id_token: Schema.String })
const CxoneConfiguration = Schema.Struct({ api_endpoint: Schema.String })
const Claims = Schema.parseJson(Schema.Struct({ tenantId: Schema.String }))

const claimsOf = (token: string) =>
  Schema.decode(Claims)(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())

const json = <A, I>(schema: Schema.Schema<A, I>, request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.execute(request), HttpClientResponse.schemaBodyJson(schema))

/** A call of this tenant, its token and its API's place fetched for it. */
export const call = (name: string) =>
  Effect.gen(function* () {
    const { issuer } = yield* Cxone
    const { accessKeyId, accessKeySecret, clientId, clientSecret } = Tenant.keyOf(name)

    const { token_endpoint } = yield* json(
      OpenIdConfiguration,
      HttpClientRequest.get(new URL("/.well-known/openid-configuration", issuer))
    )
    const token = yield* json(
      Token,
      HttpClientRequest.post(token_endpoint).pipe(
        HttpClientRequest.basicAuth(clientId, clientSecret),
        HttpClientRequest.bodyUrlParams({
          grant_type: "password",
          username: accessKeyId,
          password: Redacted.value(accessKeySecret)
        })
      )
    )
    const { tenantId } = yield* claimsOf(token.id_token)
    const { api_endpoint } = yield* json(
      CxoneConfiguration,
      HttpClientRequest.get(new URL("/.well-known/cxone-configuration", issuer), { urlParams: { tenantId } })
    )
    const response = yield* HttpClient.execute(
      HttpClientRequest.get(`${api_endpoint}/${Answer.pathFor(name)}`).pipe(
        HttpClientRequest.acceptJson,
        HttpClientRequest.bearerToken(token.access_token)
      )
    )
    return yield* Answer.check(name, response)
  })
