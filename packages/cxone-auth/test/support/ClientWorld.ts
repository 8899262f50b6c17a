import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Effect, Fiber, Layer, Redacted, TestClock } from "effect"
import { json, type Play, type Sent, scripted } from "./ScriptedHttpClient.js"

export const host = "https://platform.nice-ic.com"

/** The token that a request was sent with. */
export const bearerOf = ({ request }: Sent) => (request.headers.authorization ?? "").replace("Bearer ", "")

/** An answer with this `WWW-Authenticate`. */
export const challenge = (value: string, status = 401, init: ResponseInit = {}): Response =>
  new Response("{}", { ...init, status, headers: { "www-authenticate": value } })

/** A 401 that says that the token is invalid. */
export const invalidToken = (): Response =>
  challenge('Bearer realm="api", error="invalid_token", error_description="it has ended"')

/** A 429, or this status, with this Retry-After. */
export const notYet = (retryAfter?: string, status = 429): Response =>
  new Response("not yet", { status, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })

/** Gives these answers to the first requests, and 200 to the rest. */
export const after =
  (...first: ReadonlyArray<() => Response>) =>
  (_: Sent, index: number) =>
    (first[index] ?? (() => json({ ok: true })))()

/** Runs a call to its end, which may take up to ten minutes by the clock. */
export const ended = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.either(call))
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(fiber)
  })

/** A token has arrived everywhere as soon as it is issued, so that a refused one is renewed at once. */
export const withArrivedTokens = (options: CxoneHttpClientOptions = {}): CxoneHttpClientOptions => ({
  ...options,
  policy: { tokenArrival: 0, ...options.policy }
})

export interface World {
  /** What the API answers; 200 by default. */
  readonly api?: (sent: Sent, index: number) => Response | Effect.Effect<Response, { readonly cause: unknown }>
  readonly options?: CxoneHttpClientOptions
  readonly apiBaseUrl?: string
  /** The value of the token of the nth exchange, from 1 on. */
  readonly tokenValue?: (n: number) => string
  /** What the token endpoint answers in place of a token, if anything. */
  readonly refusal?: () => Response | undefined
}

/**
 * A provider of the tokens t1, t2 and so on, an API that answers as `api` says, and the client under test over both. Take
 * it for what the client does with an API's answer. Take `DiscoveryWorld` if the API's place must be found first, and
 * `SecretsWorld` for what the token endpoint answers.
 */
export const world = ({
  api = () => json({}),
  apiBaseUrl = host,
  options = {},
  refusal = () => undefined,
  tokenValue = (n) => `t${n}`
}: World = {}) =>
  Effect.gen(function* () {
    let exchanges = 0
    let calls = 0
    const play: Play = (sent) => {
      if (sent.url === `${host}/oauth/token`) {
        exchanges += 1
        const token = { access_token: tokenValue(exchanges), expires_in: 3600, scope: "offline_access" }
        return Effect.succeed(refusal() ?? json(token))
      }
      calls += 1
      const answer = api(sent, calls - 1)
      return Effect.isEffect(answer) ? answer : Effect.succeed(answer)
    }
    const { layer, sent } = yield* scripted(play)
    const context = yield* Layer.build(
      CxoneHttpClient.layer(withArrivedTokens(options)).pipe(
        Layer.provideMerge(
          CxoneAuth.layer({
            credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("secret") }),
            environment: CxoneEnvironment.custom({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl }),
            scopes: ["offline_access", "read:users"]
          })
        ),
        Layer.provide(layer)
      )
    )
    return {
      layer,
      client: yield* Effect.provide(CxoneHttpClient, context),
      auth: yield* Effect.provide(CxoneAuth, context),
      apiCalls: Effect.map(sent, (all) => all.filter(({ url }) => url !== `${host}/oauth/token`)),
      exchanges: Effect.sync(() => exchanges)
    }
  })
