import { Effect } from "effect"
import { type AccessToken, ClientCredentials } from "simple-oauth2"
import { type Contender, fromFunctions } from "./Contender.js"

export const simpleOAuth2: Contender = {
  name: "simple-oauth2",
  usage:
    "`ClientCredentials`, with the wrapper of its README. The wrapper keeps a token until `expired` says that it ends, " +
    "and then each caller fetches another on its own (B4, B8). A 401 is handed on (B7). Calls use `fetch`",
  managesTokens: false,
  open: (account) =>
    Effect.sync(() => {
      const client = new ClientCredentials({
        client: { id: account.clientId, secret: account.clientSecret },
        auth: { tokenHost: account.origin.href, tokenPath: "/oauth/token" },
        options: { authorizationMethod: "body" }
      })
      let current: AccessToken | undefined
      const token = async () => {
        if (current === undefined || current.expired(account.buffer)) {
          current = await client.getToken({})
        }
        return String(current.token.access_token)
      }
      return fromFunctions({
        token,
        get: async (path) => {
          const response = await fetch(new URL(path, account.origin), {
            headers: { authorization: `Bearer ${await token()}` }
          })
          await response.json()
          return response.status
        }
      })
    })
}
