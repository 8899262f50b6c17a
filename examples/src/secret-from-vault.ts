/** The two secrets are in HashiCorp Vault, and the ids are in the environment. */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { Config, Effect, Layer, type Redacted, Schema } from "effect"

const Secret = Schema.Redacted(Schema.String)

const Answer = Schema.Struct({
  data: Schema.Struct({ data: Schema.Struct({ clientSecret: Secret, accessKeySecret: Secret }) })
})

/** A failure is logged here, because the error of the call names only its kind. */
const fromVault = (address: string, token: Redacted.Redacted<string>) =>
  Effect.gen(function* () {
    const vault = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const request = HttpClientRequest.get(`${address}/v1/secret/data/cxone`).pipe(HttpClientRequest.bearerToken(token))
    const { data } = yield* Effect.flatMap(vault.execute(request), HttpClientResponse.schemaBodyJson(Answer))
    return data.data
  }).pipe(Effect.tapError(({ message }) => Effect.logWarning(`Vault: ${message}`)))

export const AuthLayer = Layer.unwrapEffect(
  Effect.gen(function* () {
    const clientId = yield* Config.nonEmptyString("CXONE_CLIENT_ID")
    const accessKeyId = yield* Config.nonEmptyString("CXONE_ACCESS_KEY_ID")
    const issuer = yield* Config.withDefault(Config.nonEmptyString("CXONE_ISSUER"), "https://cxone.niceincontact.com")
    const secrets = fromVault(yield* Config.nonEmptyString("VAULT_ADDR"), yield* Config.redacted("VAULT_TOKEN"))
    return CxoneAuth.layer({
      // Read before each token request, and not while the layer is built.
      credentials: Effect.map(secrets, (read) => Credentials.accessKey({ clientId, accessKeyId, ...read })),
      environment: CxoneEnvironment.discover({ issuer })
    })
  })
)

export const CxoneLayer = CxoneHttpClient.layer().pipe(Layer.provide(AuthLayer), Layer.provide(FetchHttpClient.layer))
