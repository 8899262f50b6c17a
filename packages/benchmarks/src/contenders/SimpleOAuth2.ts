import { Effect } from "effect"
import { type AccessToken, ClientCredentials } from "simple-oauth2"
import { type Contender, fromFunctions } from "./Contender.js"

export const simpleOAuth2: Contender = {
  name: "simple-oauth2",
  usage:
    "`ClientCredentials`, and the wrapper of its README: a token is kept until `expired` says that it is at its end, " +
    "then another is fetched, by each caller on its own (B4, B8); a 401 is handed on (B7); calls by `fetch`",
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
