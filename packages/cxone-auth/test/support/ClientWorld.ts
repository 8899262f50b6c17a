import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Effect, Layer, Redacted } from "effect"
import { json, type Play, type Sent, scripted } from "./ScriptedHttpClient.js"

export const host = "https://platform.nice-ic.com"

export const bearerOf = ({ request }: Sent) => (request.headers.authorization ?? "").replace("Bearer ", "")

export const challenge = (value: string, status = 401, init: ResponseInit = {}): Response =>
  new Response("{}", { ...init, status, headers: { "www-authenticate": value } })

export const invalidToken = (): Response =>
  challenge('Bearer realm="api", error="invalid_token", error_description="it has ended"')

export interface World {
  /** What the API answers; by default everybody is welcome. */
  readonly api?: (sent: Sent, index: number) => Response | Effect.Effect<Response, { readonly cause: unknown }>
  readonly options?: CxoneHttpClientOptions
  readonly apiBaseUrl?: string
  /** The value of the token of the nth exchange, from 1 on. */
  readonly tokenValue?: (n: number) => string
}

/** A provider of numbered tokens and an API behind one `HttpClient`, and the client under test on top. */
export const world = ({
  api = () => json({}),
  apiBaseUrl = host,
  options = {},
  tokenValue = (n) => `t${n}`
}: World = {}) =>
  Effect.gen(function* () {
    let exchanges = 0
    let calls = 0
    const play: Play = (sent) => {
      if (sent.url === `${host}/oauth/token`) {
        exchanges += 1
        return Effect.succeed(json({ access_token: tokenValue(exchanges), expires_in: 3600, scope: "offline_access" }))
      }
      calls += 1
      const answer = api(sent, calls - 1)
      return Effect.isEffect(answer) ? answer : Effect.succeed(answer)
    }
    const { layer, sent } = yield* scripted(play)
    const context = yield* Layer.build(
      CxoneHttpClient.layerWith(options).pipe(
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
      client: yield* Effect.provide(CxoneHttpClient, context),
      auth: yield* Effect.provide(CxoneAuth, context),
      apiCalls: Effect.map(sent, (all) => all.filter(({ url }) => url !== `${host}/oauth/token`)),
      exchanges: Effect.sync(() => exchanges)
    }
  })
