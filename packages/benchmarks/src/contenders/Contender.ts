/** A library that a program could use to call an API with tokens, used as its documentation says. */
import type { Scope } from "effect"
import type { Effect } from "effect/Effect"

export interface Contender {
  readonly name: string
  /** How it is used here, for whoever wants to object. */
  readonly usage: string
  /** Whether it keeps and renews tokens itself; else it is given the wrapper that its documentation suggests. */
  readonly managesTokens: boolean
  readonly open: (account: Account) => Effect<Client, never, Scope.Scope>
}

/** Credentials, and where they count. */
export interface Account {
  readonly origin: URL
  readonly clientId: string
  readonly clientSecret: string
  /** From when a token is soon at its end, in seconds before it. A library with a number of its own keeps that. */
  readonly buffer: number
}

export interface Client {
  /** Looks for the token so many times, one after the other. */
  readonly lookFor: (times: number) => Promise<void>
  /** So many callers that look for the token at the same time. */
  readonly lookTogether: (callers: number) => Promise<void>
  /** One call of the API: its status. The promise is rejected if there is none. */
  readonly get: (path: string) => Promise<number>
  /** So many calls, so many of them at once, each answer read. Rejected if one of them is not answered with 200. */
  readonly load: (path: string, calls: number, atOnce: number) => Promise<void>
}

/** What a library of promises can do. */
export interface Functions {
  readonly token: () => Promise<unknown>
  readonly get: (path: string) => Promise<number>
}

export const fromFunctions = ({ get, token }: Functions): Client => ({
  lookFor: async (times) => {
    for (let time = 0; time < times; time++) {
      await token()
    }
  },
  lookTogether: async (callers) => {
    await Promise.all(Array.from({ length: callers }, token))
  },
  get,
  load: async (path, calls, atOnce) => {
    let left = calls
    const work = async () => {
      while (left > 0) {
        left -= 1
        requireOk(await get(path))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
  }
})

export const requireOk = (status: number): void => {
  if (status !== 200) {
    throw new Error(`the API answered ${status}`)
  }
}

export const tokenEndpoint = ({ origin }: Pick<Account, "origin">): string => new URL("/oauth/token", origin).href

/** RFC 6749 §5.1, as far as it is needed. */
interface TokenAnswer {
  readonly access_token: string
  readonly expires_in: number
}

/** Milliseconds since the epoch, for libraries that want to be told when a token ends. */
export const inSeconds = (seconds: number): number => performance.timeOrigin + performance.now() + seconds * 1_000

/** The exchange, for libraries that leave it to their user. */
export const requestToken = async (account: Account): Promise<TokenAnswer> => {
  const { clientId, clientSecret } = account
  const response = await fetch(tokenEndpoint(account), {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret })
  })
  if (!response.ok) {
    throw new Error(`the token endpoint answered ${response.status}`)
  }
  return (await response.json()) as TokenAnswer // The server is this package's own.
}
