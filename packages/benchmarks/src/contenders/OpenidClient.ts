import { Effect } from "effect"
import * as client from "openid-client"
import { type Contender, fromFunctions, tokenEndpoint } from "./Contender.js"

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

export const openidClient: Contender = {
  name: "openid-client",
  usage:
    "`clientCredentialsGrant`, and a wrapper that keeps the token until `expiresIn` is down to the buffer; calls by " +
    "its `fetchProtectedResource`",
  managesTokens: false,
  open: (account) =>
    Effect.sync(() => {
      const config = new client.Configuration(
        { issuer: account.origin.href, token_endpoint: tokenEndpoint(account) },
        account.clientId,
        account.clientSecret
      )
      client.allowInsecureRequests(config)
      let current: Tokens | undefined
      const token = async () => {
        if (current === undefined || (current.expiresIn() ?? 0) <= account.buffer) {
          current = await client.clientCredentialsGrant(config)
        }
        return current.access_token
      }
      return fromFunctions({
        token,
        get: async (path) => {
          const url = new URL(path, account.origin)
          const response = await client.fetchProtectedResource(config, await token(), url, "GET")
          await response.json()
          return response.status
        }
      })
    })
}
