import { Effect } from "effect"
import * as client from "openid-client"
import { type Contender, fromFunctions, inSeconds, tokenEndpoint } from "./Contender.js"

interface Current {
  readonly token: string
  /** In milliseconds since the epoch. */
  readonly expiresAt: number
}

export const openidClient: Contender = {
  name: "openid-client",
  usage:
    "`clientCredentialsGrant`, with a wrapper that keeps the token until the buffer before its end (`expiresIn()` " +
    "counts whole seconds only, so the wrapper uses `expires_in`). Calls use its `fetchProtectedResource`. Each caller " +
    "fetches on its own (B4, B8), and a 401 is an error (B7)",
  managesTokens: false,
  open: (account) =>
    Effect.sync(() => {
      const config = new client.Configuration(
        { issuer: account.origin.href, token_endpoint: tokenEndpoint(account) },
        account.clientId,
        account.clientSecret
      )
      client.allowInsecureRequests(config)
      let current: Current | undefined
      const token = async () => {
        if (current === undefined || current.expiresAt <= inSeconds(account.buffer)) {
          const { access_token, expires_in = 0 } = await client.clientCredentialsGrant(config)
          current = { token: access_token, expiresAt: inSeconds(expires_in) }
        }
        return current.token
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
