import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup, HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { type AuthenticatedHttpClient, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { ConfigProvider, Context, Effect, Layer, Schema } from "effect"
import * as DiscoveryWorld from "../support/DiscoveryWorld.js"
import * as Fake from "../support/FakeCxone.js"
import { json, scripted } from "../support/ScriptedHttpClient.js"

const tokenEndpoint = "https://gateway.example/oauth/token"

/** Each place that a base URL can come from. */
const sources = {
  custom: (apiBaseUrl: string) =>
    CxoneAuth.layer({
      credentials: DiscoveryWorld.accessKey(),
      environment: CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl })
    }),
  discovery: () =>
    CxoneAuth.layer({ credentials: DiscoveryWorld.accessKey(), environment: CxoneEnvironment.discover() }),
  CXONE_API_BASE_URL: (apiBaseUrl: string) =>
    CxoneAuth.layerFromEnv().pipe(
      Layer.provide(
        Layer.setConfigProvider(
          ConfigProvider.fromMap(
            new Map([
              ["CXONE_CLIENT_ID", "id"],
              ["CXONE_CLIENT_SECRET", "secret"],
              ["CXONE_TOKEN_ENDPOINT", tokenEndpoint],
              ["CXONE_API_BASE_URL", apiBaseUrl]
            ])
          )
        )
      )
    ),
  layerTest: (apiBaseUrl: string) => CxoneAuth.layerTest("t1", { apiBaseUrl }),
  "an app's own service": (apiBaseUrl: string) =>
    Layer.map(CxoneAuth.layerTest("t1"), (context) =>
      Context.make(CxoneAuth, { ...Context.get(context, CxoneAuth), apiBaseUrl: Effect.succeed(apiBaseUrl) })
    )
}

const api = HttpApi.make("cxone").add(
  HttpApiGroup.make("users")
    .add(HttpApiEndpoint.get("all", "/users"))
    .add(HttpApiEndpoint.get("one", "/users/:id").setPath(Schema.Struct({ id: Schema.String })))
    .add(HttpApiEndpoint.get("root", "/"))
)

/** Each way to make a call to `/users`. */
const callers = {
  typed: (client: AuthenticatedHttpClient) => client.get("/users"),
  "typed, without a slash": (client: AuthenticatedHttpClient) => client.get("users"),
  plain: (client: AuthenticatedHttpClient) => CxoneHttpClient.toHttpClient(client).get("/users"),
  generated: (client: AuthenticatedHttpClient) =>
    Effect.flatMap(HttpApiClient.make(api), ({ users }) => users.all()).pipe(
      Effect.provideService(HttpClient.HttpClient, CxoneHttpClient.toHttpClient(client))
    )
}

/** The URLs of the requests to the API that `call` makes. */
const sentBy = (
  source: keyof typeof sources,
  apiBaseUrl: string,
  call: (client: AuthenticatedHttpClient) => Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function* () {
    const play = Fake.play({
      configuration: () => json({ api_endpoint: apiBaseUrl }),
      api: () => new Response(null, { status: 204 })
    })
    const { layer, sent } = yield* scripted(play)
    const app = CxoneHttpClient.layer().pipe(Layer.provide(sources[source](apiBaseUrl)), Layer.provide(layer))
    yield* Effect.flatMap(CxoneHttpClient, call).pipe(Effect.provide(app))
    return (yield* sent).filter((each) => Fake.kindOf(each) === "api").map(({ url }) => url)
  })

const names = <Key extends string>(record: { readonly [K in Key]: unknown }) => Object.keys(record) as Array<Key>

describe("C1: a base URL is a folder, wherever it comes from, for every client", () => {
  const bases = [
    ["https://gateway.example/cxone", "https://gateway.example/cxone/users"],
    ["https://gateway.example/cxone/", "https://gateway.example/cxone/users"],
    ["https://gateway.example/a/b?key=1#x", "https://gateway.example/a/b/users"],
    ["https://gateway.example", "https://gateway.example/users"]
  ] as const
  const cases = names(sources).flatMap((source) =>
    names(callers).flatMap((caller) => bases.map(([base, sent]) => [source, caller, base, sent] as const))
  )
  it.effect.each(cases)("%s, %s: %s", ([source, caller, base, sent]) =>
    Effect.gen(function* () {
      expect(yield* sentBy(source, base, callers[caller])).toEqual([sent])
    })
  )

  it.effect("a generated client's root is the folder, and an id cannot leave it", () =>
    Effect.gen(function* () {
      const generated = (client: AuthenticatedHttpClient) =>
        Effect.provideService(HttpApiClient.make(api), HttpClient.HttpClient, CxoneHttpClient.toHttpClient(client))
      const base = "https://gateway.example/cxone"
      expect(
        yield* sentBy("custom", base, (client) => Effect.flatMap(generated(client), ({ users }) => users.root()))
      ).toEqual([`${base}/`])
      const stray = (client: AuthenticatedHttpClient) =>
        Effect.flatMap(generated(client), ({ users }) => Effect.flip(users.one({ path: { id: "../../admin" } })))
      expect(yield* sentBy("custom", base, stray)).toEqual([])
    })
  )
})
