import type { TokenCredential } from "@azure/core-auth"
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient
} from "@azure/core-rest-pipeline"
import { Effect } from "effect"
import { type Contender, fromFunctions, inSeconds, requestToken } from "./Contender.js"

/** One for all pipelines, as in Azure's own clients. */
const http = createDefaultHttpClient()

export const azurePipeline: Contender = {
  name: "@azure/core-rest-pipeline",
  usage:
    "a pipeline with `bearerTokenAuthenticationPolicy` alone, the default client, and a credential like " +
    "`ClientSecretCredential`. It has no method that returns a token, so B1 sends a request through this policy alone, " +
    "with a stub behind it that answers at once. It sends no token without TLS, so its transport here turns https into " +
    "http. Its window of two minutes before a token's end is fixed, so tokens that live for a few seconds are always " +
    "in it (B5, B6). It renews after a 401 only if the 401 asks for a claim, and hands every other 401 on (B7)",
  managesTokens: true,
  open: (account) =>
    Effect.sync(() => {
      const credential: TokenCredential = {
        getToken: async () => {
          const { access_token, expires_in } = await requestToken(account)
          return { token: access_token, expiresOnTimestamp: inSeconds(expires_in) }
        }
      }
      const policy = bearerTokenAuthenticationPolicy({ credential, scopes: ["default"] })
      const pipeline = createEmptyPipeline()
      pipeline.addPolicy(policy)
      const httpsOrigin = account.origin.href.replace("http:", "https:")
      const withoutTls: HttpClient = {
        sendRequest: (request) => {
          request.url = request.url.replace("https:", "http:")
          return http.sendRequest(request)
        }
      }
      const look = createPipelineRequest({ url: httpsOrigin })
      const answer = { request: look, status: 200, headers: createHttpHeaders() }
      return fromFunctions({
        token: () => policy.sendRequest(look, async () => answer),
        get: async (path) => {
          const request = createPipelineRequest({
            url: new URL(path, httpsOrigin).href,
            allowInsecureConnection: true
          })
          const { bodyAsText, status } = await pipeline.sendRequest(withoutTls, request)
          JSON.parse(bodyAsText ?? "")
          return status
        }
      })
    })
}
