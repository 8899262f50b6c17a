import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, Credentials } from "cxone-auth"
import { ConfigProvider, Effect, Either, Logger, Redacted } from "effect"
import * as CxoneConfig from "../src/CxoneConfig.js"

const pair = { CXONE_CLIENT_ID: "an-id", CXONE_CLIENT_SECRET: "a-secret-canary" }

/** Reads the settings, and tells what was logged at the level of a warning. */
const load = (settings: Record<string, string>) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (logLevel._tag === "Warning") warnings.push(String(message))
    })
    const result = yield* CxoneConfig.load.pipe(
      Effect.either,
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings)))),
      Effect.provide(Logger.add(logger))
    )
    return { result, warnings }
  })

const loaded = (settings: Record<string, string>) =>
  Effect.map(load({ ...pair, ...settings }), ({ result }) => {
    const { credentials, ...others } = Either.getOrThrow(result)
    return credentials._tag === "RotatingCredentials"
      ? { ...others, credentials: credentials.current, next: credentials.next }
      : { ...others, credentials, next: undefined }
  })

const errorOf = (settings: Record<string, string>) =>
  Effect.map(load(settings), ({ result }) => String(Either.getOrThrow(Either.flip(result))))

describe("CxoneConfig", () => {
  it.effect("two settings are enough: the brief's defaults do the rest", () =>
    Effect.gen(function* () {
      const { credentials, environment, next, scopes } = yield* loaded({})
      expect(next).toBeUndefined()
      expect(credentials.clientId).toBe("an-id")
      expect(Redacted.value(credentials.clientSecret)).toBe("a-secret-canary")
      expect(credentials.clientAuth).toBe(ClientAuth.post)
      expect(environment.tokenEndpoint.href).toBe("https://platform.nice-ic.com/oauth/token")
      expect(environment.apiBaseUrl.href).toBe("https://platform.nice-ic.com/")
      expect(scopes).toEqual(["offline_access"])
    })
  )

  it.effect.each([
    ["us", "https://platform.nice-ic.com"],
    ["us-devtest", "https://platform.devtest.nice-incontact.com"],
    ["eu", "https://platform.eu.nice-incontact.com"],
    ["ap", "https://platform.ap.nice-incontact.com"]
  ] as const)("CXONE_REGION=%s is the brief's host", ([region, host]) =>
    Effect.gen(function* () {
      const { environment } = yield* loaded({ CXONE_REGION: region })
      expect(environment.tokenEndpoint.href).toBe(`${host}/oauth/token`)
      expect(environment.apiBaseUrl.origin).toBe(host)
    })
  )

  it.effect("CXONE_CLIENT_SECRET_NEXT is the secret that will replace the current one, of the same client", () =>
    Effect.gen(function* () {
      const { credentials, next } = yield* loaded({
        CXONE_CLIENT_SECRET_NEXT: " the-next-canary\n",
        CXONE_CLIENT_AUTH: "basic"
      })
      expect(Redacted.value(credentials.clientSecret)).toBe("a-secret-canary")
      expect(next).toMatchObject({ clientId: "an-id", clientAuth: ClientAuth.basic })
      expect(next === undefined ? "" : Redacted.value(next.clientSecret)).toBe("the-next-canary")
      expect((yield* loaded({ CXONE_CLIENT_SECRET_NEXT: "" })).next).toBeUndefined()
    })
  )

  it.effect("reads scopes, client authentication and custom URLs", () =>
    Effect.gen(function* () {
      const { credentials, environment, scopes } = yield* loaded({
        CXONE_SCOPES: "read:users  offline_access",
        CXONE_CLIENT_AUTH: "basic",
        CXONE_TOKEN_ENDPOINT: "http://127.0.0.1:8080/token",
        CXONE_API_BASE_URL: "https://gateway.example.com/base"
      })
      expect(scopes).toEqual(["offline_access", "read:users"])
      expect(credentials.clientAuth).toBe(ClientAuth.basic)
      expect(environment.tokenEndpoint.href).toBe("http://127.0.0.1:8080/token")
      expect(environment.apiBaseUrl.href).toBe("https://gateway.example.com/base")
    })
  )

  describe("an error names the setting and what was expected, and never the value", () => {
    const canary = "a-secret-canary"
    const custom = { CXONE_TOKEN_ENDPOINT: "https://a.example/token", CXONE_API_BASE_URL: "https://a.example" }
    const mistakes: ReadonlyArray<readonly [string, Record<string, string>, ReadonlyArray<string>]> = [
      ["nothing is set", {}, ["CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET"]],
      ["half of the pair", { CXONE_CLIENT_ID: "an-id" }, ["CXONE_CLIENT_SECRET"]],
      ["the other half", { CXONE_CLIENT_SECRET: canary }, ["CXONE_CLIENT_ID"]],
      ["an empty secret", { ...pair, CXONE_CLIENT_SECRET: "  " }, ["CXONE_CLIENT_SECRET", "not empty"]],
      ["an unknown region", { ...pair, CXONE_REGION: canary }, ["CXONE_REGION", "us, us-devtest, eu, ap"]],
      ["an unknown client auth", { ...pair, CXONE_CLIENT_AUTH: canary }, ["CXONE_CLIENT_AUTH", "post, basic"]],
      [
        "only a token endpoint",
        { ...pair, CXONE_TOKEN_ENDPOINT: custom.CXONE_TOKEN_ENDPOINT },
        ["CXONE_API_BASE_URL", "CXONE_TOKEN_ENDPOINT"]
      ],
      [
        "only an API base URL",
        { ...pair, CXONE_API_BASE_URL: custom.CXONE_API_BASE_URL },
        ["CXONE_TOKEN_ENDPOINT", "CXONE_API_BASE_URL"]
      ],
      ["a region beside URLs", { ...pair, ...custom, CXONE_REGION: "eu" }, ["CXONE_REGION", "not to be set"]],
      ["no URL", { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: canary }, ["CXONE_TOKEN_ENDPOINT", "absolute URL"]],
      [
        "S3: plain http to another machine",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: `http://${canary}.example/token` },
        ["CXONE_TOKEN_ENDPOINT", "https://"]
      ],
      [
        "S3: user info in the URL",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: `https://me:${canary}@a.example/token` },
        ["CXONE_TOKEN_ENDPOINT", "user name or password"]
      ]
    ]
    it.effect.each(mistakes)("%s", ([_, settings, expected]) =>
      Effect.gen(function* () {
        const error = yield* errorOf(settings)
        for (const part of expected) expect(error).toContain(part)
        expect(error).not.toContain(canary)
      })
    )
  })

  it.effect("white space at either end is dropped, with a warning that names the setting and not its value", () =>
    Effect.gen(function* () {
      const { result, warnings } = yield* load({
        CXONE_CLIENT_ID: " an-id",
        CXONE_CLIENT_SECRET: "a-secret-canary\r\n",
        CXONE_REGION: "eu"
      })
      const { credentials } = Either.getOrThrow(result)
      const clientSecret = Redacted.make("a-secret-canary")
      expect(credentials).toStrictEqual(Credentials.clientSecret({ clientId: "an-id", clientSecret }))
      expect("clientSecret" in credentials && Redacted.value(credentials.clientSecret)).toBe("a-secret-canary")
      expect(warnings).toEqual([
        "CXONE_CLIENT_ID has white space at its start or end, which is ignored",
        "CXONE_CLIENT_SECRET has white space at its start or end, which is ignored"
      ])
    })
  )

  it.effect("without white space nobody is warned", () =>
    Effect.gen(function* () {
      const { warnings } = yield* load(pair)
      expect(warnings).toEqual([])
    })
  )
})
