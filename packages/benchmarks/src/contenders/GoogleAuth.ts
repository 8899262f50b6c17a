import { Effect } from "effect"
import { OAuth2Client } from "google-auth-library"
import { type Contender, fromFunctions, inSeconds, requestToken } from "./Contender.js"

export const googleAuth: Contender = {
  name: "google-auth-library",
  usage:
    "`OAuth2Client`, with a `refreshHandler` that makes the exchange, because it has no grant for a client's secret. " +
    "Calls use its `request`, with `forceRefreshOnFailure`. Each caller runs such a handler on its own (B4, B8)",
  managesTokens: true,
  open: (account) =>
    Effect.sync(() => {
      const client = new OAuth2Client({
        eagerRefreshThresholdMillis: account.buffer * 1_000,
        forceRefreshOnFailure: true
      })
      client.refreshHandler = async () => {
        const { access_token, expires_in } = await requestToken(account)
        return { access_token, expiry_date: inSeconds(expires_in) }
      }
      return fromFunctions({
        token: () => client.getAccessToken(),
        get: async (path) => (await client.request({ url: new URL(path, account.origin).href })).status
      })
    })
}
