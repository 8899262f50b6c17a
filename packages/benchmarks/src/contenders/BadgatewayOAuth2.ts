import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"
import { Effect } from "effect"
import { type Contender, fromFunctions, tokenEndpoint } from "./Contender.js"

export const badgatewayOAuth2: Contender = {
  name: "@badgateway/oauth2-client",
  usage: "`OAuth2Fetch` with `clientCredentials`. It has no buffer before a token's end",
  managesTokens: true,
  open: (account) =>
    Effect.sync(() => {
      const { clientId, clientSecret } = account
      const client = new OAuth2Client({
        server: account.origin.href,
        tokenEndpoint: tokenEndpoint(account),
        clientId,
        clientSecret,
        authenticationMethod: "client_secret_post"
      })
      const oauth = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials() })
      return fromFunctions({
        token: () => oauth.getAccessToken(),
        get: async (path) => {
          const response = await oauth.fetch(new URL(path, account.origin))
          await response.json()
          return response.status
        }
      })
    })
}
