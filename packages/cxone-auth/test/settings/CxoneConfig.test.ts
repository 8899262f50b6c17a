import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, Credentials, CxoneEnvironment } from "cxone-auth"
import { ConfigProvider, Effect, Either, Logger, Redacted } from "effect"
import * as CxoneConfig from "../../src/settings/CxoneConfig.js"

const pair = { CXONE_CLIENT_ID: "an-id", CXONE_CLIENT_SECRET: "a-secret-canary" }
const key = { CXONE_ACCESS_KEY_ID: "A-KEY====", CXONE_ACCESS_KEY_SECRET: "a-key-canary====" }

/** Reads the settings, and gives the warnings that were logged. */
const load = (settings: Record<string, string>) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (logLevel._tag === "Warning") warnings.push(String(message))
    })
    const result = yield* CxoneConfig.load().pipe(
      Effect.either,
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings)))),
      Effect.provide(Logger.add(logger))
    )
    return { result, warnings }
  })

const loaded = (settings: Record<string, string>) =>
  Effect.map(load(settings), ({ result }) => {
    const { credentials, environment, scopes } = Either.getOrThrow(result)
    const isRotating = credentials._tag === "RotatingCredentials"
    return {
      environment: Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, value instanceof URL ? value.href : value])
      ),
      scopes,
      credentials: readable(isRotating ? credentials.current : credentials),
      next: isRotating ? readable(credentials.next) : undefined
    }
  })

const readable = (credentials: Credentials) =>
  Object.fromEntries(
    Object.entries(credentials).map(([name, value]) => [
      name,
      Redacted.isRedacted(value) ? Redacted.value(value) : value
    ])
  )

/** The kind of environment that the settings choose, or what is wrong with them. */
const outcomeOf = (settings: Record<string, string>) =>
  Effect.map(load(settings), ({ result }) =>
    Either.match(result, { onLeft: String, onRight: ({ environment }) => environment._tag })
  )

const errorOf = (settings: Record<string, string>) =>
  Effect.map(load(settings), ({ result }) => String(Either.getOrThrow(Either.flip(result))))

describe("CxoneConfig", () => {
  it.effect("settings under a prefix are read whole, with commas, and those without it are not read", () =>
    Effect.gen(function* () {
      const settings = new Map([
        ["CXONE_CLIENT_SECRET_NEXT", "not-of-this-tenant"],
        ["ACME_CXONE_CLIENT_ID", "an-id"],
        ["ACME_CXONE_CLIENT_SECRET", "one,two;three"],
        ["ACME_CXONE_SCOPES", "a b"]
      ])
      const provider = ConfigProvider.fromMap(settings, { pathDelim: "_" })
      const { credentials, scopes } = yield* Effect.withConfigProvider(CxoneConfig.load("ACME"), provider)
      expect(scopes).toEqual(["a", "b"])
      expect(credentials._tag === "ClientSecret" && readable(credentials)).toMatchObject({
        clientId: "an-id",
        clientSecret: "one,two;three"
      })
    })
  )

  it.effect("a client id and its secret are enough for the platform gateway (client credentials)", () =>
    Effect.gen(function* () {
      expect(yield* loaded(pair)).toEqual({
        credentials: {
          _tag: "ClientSecret",
          clientId: "an-id",
          clientSecret: "a-secret-canary",
          clientAuth: ClientAuth.post
        },
        next: undefined,
        environment: {
          _tag: "FixedEnvironment",
          tokenEndpoint: "https://platform.nice-ic.com/oauth/token",
          apiBaseUrl: "https://platform.nice-ic.com/"
        },
        scopes: undefined
      })
    })
  )

  it.effect("a client and an access key are enough: the defaults are NICE's issuer and Basic", () =>
    Effect.gen(function* () {
      expect(yield* loaded({ ...pair, ...key })).toEqual({
        credentials: {
          _tag: "AccessKey",
          clientId: "an-id",
          clientSecret: "a-secret-canary",
          accessKeyId: "A-KEY====",
          accessKeySecret: "a-key-canary====",
          clientAuth: ClientAuth.basic
        },
        next: undefined,
        environment: {
          _tag: "DiscoveredEnvironment",
          issuer: "https://cxone.niceincontact.com",
          apiBaseUrl: undefined
        },
        scopes: undefined
      })
    })
  )

  it.effect("an access key and its area are enough", () =>
    Effect.gen(function* () {
      expect(yield* loaded({ ...key, CXONE_AREA: "au1" })).toMatchObject({
        credentials: { _tag: "AccessKeyOnly", accessKeyId: "A-KEY====", accessKeySecret: "a-key-canary====" },
        environment: { _tag: "AreaEnvironment", host: "https://au1.nice-incontact.com", apiBaseUrl: undefined }
      })
    })
  )

  it.effect("with an access key, issuer, API base URL and client authentication can be set", () =>
    Effect.gen(function* () {
      const { credentials, environment } = yield* loaded({
        ...pair,
        ...key,
        CXONE_ISSUER: "https://cxone-gov.niceincontact.com/",
        CXONE_API_BASE_URL: "https://api-na2.niceincontact.com",
        CXONE_CLIENT_AUTH: "post",
        CXONE_CLIENT_SECRET_NEXT: "the-next-canary"
      })
      expect(environment).toMatchObject({
        issuer: "https://cxone-gov.niceincontact.com",
        apiBaseUrl: "https://api-na2.niceincontact.com/"
      })
      expect(credentials).toMatchObject({ _tag: "AccessKey", clientAuth: ClientAuth.post })
      const { next } = yield* loaded({ ...pair, ...key, CXONE_CLIENT_SECRET_NEXT: "the-next-canary" })
      expect(next).toMatchObject({ _tag: "AccessKey", clientSecret: "the-next-canary", accessKeyId: "A-KEY====" })
    })
  )

  it.effect("any kind of credentials goes to a custom endpoint", () =>
    Effect.gen(function* () {
      const custom = { CXONE_TOKEN_ENDPOINT: "https://a.example/auth/token", CXONE_API_BASE_URL: "https://a.example" }
      for (const secrets of [pair, key, { ...pair, ...key }]) {
        const { environment } = yield* loaded({ ...secrets, ...custom })
        expect(environment).toMatchObject({ tokenEndpoint: "https://a.example/auth/token" })
      }
    })
  )

  it.effect.each([
    ["us", "https://platform.nice-ic.com"],
    ["us-devtest", "https://platform.devtest.nice-incontact.com"],
    ["eu", "https://platform.eu.nice-incontact.com"],
    ["ap", "https://platform.ap.nice-incontact.com"]
  ] as const)("CXONE_REGION=%s is the platform gateway at %s", ([region, host]) =>
    Effect.gen(function* () {
      const { environment } = yield* loaded({ ...pair, CXONE_REGION: region })
      expect(environment).toMatchObject({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: `${host}/` })
    })
  )

  it.effect("L10: CXONE_CLIENT_SECRET_NEXT is the next secret of the same client", () =>
    Effect.gen(function* () {
      const { credentials, next } = yield* loaded({
        ...pair,
        CXONE_CLIENT_SECRET_NEXT: " the-next-canary\n",
        CXONE_CLIENT_AUTH: "basic"
      })
      expect(credentials.clientSecret).toBe("a-secret-canary")
      expect(next).toMatchObject({
        clientId: "an-id",
        clientAuth: ClientAuth.basic,
        clientSecret: "the-next-canary"
      })
      expect((yield* loaded({ ...pair, CXONE_CLIENT_SECRET_NEXT: "" })).next).toBeUndefined()
    })
  )

  it.effect("reads scopes, client authentication and custom URLs", () =>
    Effect.gen(function* () {
      const { credentials, environment, scopes } = yield* loaded({
        ...pair,
        CXONE_SCOPES: "read:users  offline_access",
        CXONE_CLIENT_AUTH: "basic",
        CXONE_TOKEN_ENDPOINT: "http://127.0.0.1:8080/token",
        CXONE_API_BASE_URL: "https://gateway.example.com/base"
      })
      expect(scopes).toEqual(["offline_access", "read:users"])
      expect(credentials.clientAuth).toBe(ClientAuth.basic)
      expect(environment).toMatchObject({
        tokenEndpoint: "http://127.0.0.1:8080/token",
        apiBaseUrl: "https://gateway.example.com/base/"
      })
    })
  )

  describe("S1: an error names the setting and what was expected, and never the value", () => {
    const canary = "a-secret-canary"
    const custom = { CXONE_TOKEN_ENDPOINT: "https://a.example/token", CXONE_API_BASE_URL: "https://a.example" }
    const mistakes: ReadonlyArray<readonly [string, Record<string, string>, ReadonlyArray<string>]> = [
      ["nothing is set", {}, ["CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET", "CXONE_ACCESS_KEY_ID", "all four"]],
      ["half of the pair", { CXONE_CLIENT_ID: "an-id" }, ["CXONE_CLIENT_SECRET"]],
      ["the other half", { CXONE_CLIENT_SECRET: canary }, ["CXONE_CLIENT_ID"]],
      ["an empty secret", { ...pair, CXONE_CLIENT_SECRET: "  " }, ["CXONE_CLIENT_SECRET", "not empty"]],
      ["half of a key", { ...pair, CXONE_ACCESS_KEY_ID: "K" }, ["at CXONE_ACCESS_KEY_SECRET", "CXONE_ACCESS_KEY_ID"]],
      ["the other half of a key", { CXONE_ACCESS_KEY_SECRET: canary }, ["at CXONE_ACCESS_KEY_ID"]],
      ["half a client beside a key", { ...key, CXONE_CLIENT_ID: "an-id" }, ["at CXONE_CLIENT_SECRET"]],
      [
        "mix-up: an access key's id as client id",
        { ...pair, CXONE_CLIENT_ID: `${canary}====` },
        ["CXONE_CLIENT_ID", "access key", "CXONE_ACCESS_KEY_ID"]
      ],
      [
        "mix-up: the same value as client id and key id",
        { ...pair, ...key, CXONE_ACCESS_KEY_ID: pair.CXONE_CLIENT_ID },
        ["at CXONE_ACCESS_KEY_ID", "same value as CXONE_CLIENT_ID"]
      ],
      [
        "mix-up: a key's id as its secret",
        { ...key, CXONE_ACCESS_KEY_SECRET: key.CXONE_ACCESS_KEY_ID },
        ["at CXONE_ACCESS_KEY_SECRET", "same value as CXONE_ACCESS_KEY_ID"]
      ],
      [
        "mix-up: a client's secret as the key's",
        { ...pair, ...key, CXONE_ACCESS_KEY_SECRET: canary },
        ["at CXONE_ACCESS_KEY_SECRET", "same value as CXONE_CLIENT_SECRET"]
      ],
      [
        "mix-up: an issuer with a path",
        { ...pair, ...key, CXONE_ISSUER: "https://cxone.niceincontact.com/auth/token" },
        ["CXONE_ISSUER", "host alone", "https://cxone.niceincontact.com"]
      ],
      [
        "mix-up: an API host as issuer",
        { ...pair, ...key, CXONE_ISSUER: "https://api-na1.niceincontact.com" },
        ["CXONE_ISSUER", "API host"]
      ],
      [
        "mix-up: an API URL as token endpoint",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: "https://api-na1.niceincontact.com/incontactAPI/services/v33.0" },
        ["CXONE_TOKEN_ENDPOINT", "API URL"]
      ],
      [
        "mix-up: an API host as token endpoint",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: "https://api-na1.niceincontact.com" },
        ["CXONE_TOKEN_ENDPOINT", "API URL"]
      ],
      [
        "mix-up: a gateway's API as token endpoint",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: "https://platform.nice-ic.com/api/v2/users" },
        ["CXONE_TOKEN_ENDPOINT", "API URL"]
      ],
      [
        "mix-up: the issuer as token endpoint",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: "https://cxone.niceincontact.com" },
        ["CXONE_TOKEN_ENDPOINT", "CXONE_ISSUER"]
      ],
      [
        "mix-up: a discovery document as token endpoint",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: "https://a.example/.well-known/openid-configuration" },
        ["CXONE_TOKEN_ENDPOINT", "CXONE_ISSUER"]
      ],
      [
        "mix-up: a token endpoint as API base URL",
        { ...pair, ...custom, CXONE_API_BASE_URL: "https://a.example/oauth/token" },
        ["CXONE_API_BASE_URL", "token endpoint"]
      ],
      ["a host as area", { ...key, CXONE_AREA: `${canary}.niceincontact.com` }, ["CXONE_AREA", "na1"]],
      ["an access key without its area", key, ["CXONE_AREA", "na1"]],
      [
        "an access key alone at the issuer",
        { ...key, CXONE_ISSUER: "https://cxone.niceincontact.com" },
        ["at CXONE_CLIENT_ID"]
      ],
      [
        "an access key alone in a region",
        { ...key, CXONE_REGION: "eu" },
        ["at CXONE_AREA", "in place of CXONE_REGION"]
      ],
      ["mix-up before half a pair", { CXONE_CLIENT_ID: `${canary}====` }, ["at CXONE_CLIENT_ID", "access key"]],
      [
        "an access key alone with scopes at a custom endpoint",
        { ...key, ...custom, CXONE_SCOPES: "a" },
        ["CXONE_SCOPES"]
      ],
      ["an API host as area", { ...key, CXONE_AREA: "api-na1" }, ["CXONE_AREA", "na1"]],
      ["an access key alone with scopes", { ...key, CXONE_AREA: "na1", CXONE_SCOPES: "a" }, ["CXONE_SCOPES"]],
      [
        "an access key alone with a client authentication",
        { ...key, CXONE_CLIENT_AUTH: "basic" },
        ["at CXONE_CLIENT_ID"]
      ],
      ["a next secret without a client", { ...key, CXONE_CLIENT_SECRET_NEXT: canary }, ["at CXONE_CLIENT_ID"]],
      [
        "a client alone at the issuer",
        { ...pair, CXONE_ISSUER: "https://cxone.niceincontact.com" },
        ["at CXONE_ACCESS_KEY_ID", "CXONE_ISSUER"]
      ],
      [
        "a client alone in an area",
        { ...pair, CXONE_AREA: "na1" },
        ["at CXONE_ACCESS_KEY_ID", "in place of CXONE_CLIENT_ID", "CXONE_AREA"]
      ],
      [
        "a client and an access key in a region",
        { ...pair, ...key, CXONE_REGION: "us" },
        ["at CXONE_REGION", "client alone"]
      ],
      [
        "a client and an access key in an area",
        { ...pair, ...key, CXONE_AREA: "na1" },
        ["at CXONE_AREA", "access key alone"]
      ],
      [
        "two places at once",
        { ...pair, ...key, CXONE_ISSUER: "https://cxone.niceincontact.com", CXONE_AREA: "na1" },
        ["at CXONE_AREA", "together with CXONE_ISSUER"]
      ],
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
        ["at CXONE_TOKEN_ENDPOINT", "together with CXONE_API_BASE_URL"]
      ],
      [
        "an API base URL beside a region",
        { ...pair, CXONE_REGION: "eu", CXONE_API_BASE_URL: custom.CXONE_API_BASE_URL },
        ["at CXONE_TOKEN_ENDPOINT", "for the platform gateway, remove CXONE_API_BASE_URL"]
      ],
      ["a region beside URLs", { ...pair, ...custom, CXONE_REGION: "eu" }, ["CXONE_REGION", "not to be set"]],
      [
        "a token endpoint that is not a URL",
        { ...pair, ...custom, CXONE_TOKEN_ENDPOINT: canary },
        ["CXONE_TOKEN_ENDPOINT", "absolute URL"]
      ],
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

  describe("whoever does what an error says comes to settings that work, and not back to the same error", () => {
    const area = { CXONE_AREA: "na1" }
    const issuer = { CXONE_ISSUER: "https://cxone.niceincontact.com" }
    const apiBaseUrl = { CXONE_API_BASE_URL: "https://a.example" }
    const keyInPlaceOfClient =
      "Expected CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET in place of CXONE_CLIENT_ID and CXONE_CLIENT_SECRET, " +
      "because CXONE_AREA is for an access key alone"
    const urlsOrGateway =
      "Expected CXONE_TOKEN_ENDPOINT together with CXONE_API_BASE_URL; for the platform gateway, remove CXONE_API_BASE_URL"

    type Step = readonly [settings: Record<string, string>, outcome: string]
    const ways: ReadonlyArray<readonly [string, ...ReadonlyArray<Step>]> = [
      [
        "a client alone in an area",
        [{ ...pair, ...area }, keyInPlaceOfClient],
        [{ ...key, ...area }, "AreaEnvironment"]
      ],
      [
        "a client alone in an area, with a client authentication",
        [{ ...pair, ...area, CXONE_CLIENT_AUTH: "basic" }, keyInPlaceOfClient],
        [
          { ...key, ...area, CXONE_CLIENT_AUTH: "basic" },
          "Expected CXONE_CLIENT_ID together with CXONE_CLIENT_AUTH; for an access key alone, remove CXONE_CLIENT_AUTH"
        ],
        [{ ...key, ...area }, "AreaEnvironment"]
      ],
      [
        "a client alone in an area, with scopes",
        [{ ...pair, ...area, CXONE_SCOPES: "a" }, keyInPlaceOfClient],
        [
          { ...key, ...area, CXONE_SCOPES: "a" },
          "Expected CXONE_SCOPES not to be set together with an access key alone"
        ],
        [{ ...key, ...area }, "AreaEnvironment"]
      ],
      [
        "a client alone at the issuer",
        [
          { ...pair, ...issuer },
          "Expected CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET together with CXONE_ISSUER: at NICE's own services"
        ],
        [{ ...pair, ...key, ...issuer }, "DiscoveredEnvironment"]
      ],
      [
        "an access key alone in a region",
        [{ ...key, CXONE_REGION: "eu" }, "Expected CXONE_AREA in place of CXONE_REGION, which is for a client alone"],
        [{ ...key, ...area }, "AreaEnvironment"]
      ],
      [
        "an access key alone at the issuer",
        [{ ...key, ...issuer }, "Expected CXONE_CLIENT_ID and CXONE_CLIENT_SECRET together with CXONE_ISSUER"],
        [{ ...pair, ...key, ...issuer }, "DiscoveredEnvironment"]
      ],
      [
        "an API base URL beside a region, for the platform gateway",
        [{ ...pair, ...apiBaseUrl, CXONE_REGION: "eu" }, urlsOrGateway],
        [{ ...pair, CXONE_REGION: "eu" }, "FixedEnvironment"]
      ],
      [
        "only an API base URL",
        [{ ...pair, ...apiBaseUrl }, urlsOrGateway],
        [{ ...pair, ...apiBaseUrl, CXONE_TOKEN_ENDPOINT: "https://a.example/token" }, "FixedEnvironment"]
      ]
    ]
    it.effect.each(ways)("%s", ([_, ...steps]) =>
      Effect.gen(function* () {
        for (const [settings, outcome] of steps) expect(yield* outcomeOf(settings)).toContain(outcome)
      })
    )
  })

  it.effect("S1: white space at either end is removed, with a warning that names the setting and not its value", () =>
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

  it.effect("scopes with commas are taken, because a comma is legal there, with a warning", () =>
    Effect.gen(function* () {
      const { result, warnings } = yield* load({ ...pair, CXONE_SCOPES: "read:users,write:users" })
      expect(Either.getOrThrow(result).scopes).toEqual(["read:users,write:users"])
      expect(warnings).toEqual([
        "CXONE_SCOPES has a comma or semicolon, which is taken for a part of a scope; scopes are separated by spaces"
      ])
    })
  )

  it.effect("a scope with a forbidden character is an error that names the setting, and does not repeat it", () =>
    Effect.gen(function* () {
      const error = yield* errorOf({ ...pair, CXONE_SCOPES: 'read:"canary"' })
      expect(error).toContain("CXONE_SCOPES may hold ASCII letters")
      expect(error).not.toContain("canary")
    })
  )

  it.effect("S1: quotes around a value, as docker's env files leave them, are removed with a warning", () =>
    Effect.gen(function* () {
      const { result, warnings } = yield* load({
        CXONE_CLIENT_ID: "'an-id'",
        CXONE_CLIENT_SECRET: '"a-secret-canary"',
        CXONE_REGION: '"eu"',
        CXONE_SCOPES: `"it's"`
      })
      const { credentials, environment, scopes } = Either.getOrThrow(result)
      const clientSecret = Redacted.make("a-secret-canary")
      expect(credentials).toStrictEqual(Credentials.clientSecret({ clientId: "an-id", clientSecret }))
      expect([environment, scopes]).toEqual([CxoneEnvironment.region("eu"), ["it's"]])
      expect(warnings).toEqual(
        ["CLIENT_ID", "CLIENT_SECRET", "REGION", "SCOPES"].map(
          (name) => `CXONE_${name} is in quotes, which are ignored`
        )
      )
    })
  )

  it.effect("CXONE_SCOPES=none asks for no scopes, also beside an access key alone", () =>
    Effect.gen(function* () {
      const none = { CXONE_SCOPES: "none" }
      const key = { CXONE_ACCESS_KEY_ID: "k====", CXONE_ACCESS_KEY_SECRET: "s====", CXONE_AREA: "na1" }
      expect(Either.getOrThrow((yield* load({ ...pair, ...none })).result).scopes).toEqual([])
      expect(Either.getOrThrow((yield* load({ ...key, ...none })).result).scopes).toEqual([])
    })
  )

  it.effect.each([
    [
      "an area as region",
      { ...pair, CXONE_REGION: "na1" },
      "CXONE_REGION is na1, which is an area, for an access key alone; the regions are us, us-devtest, eu, ap"
    ],
    [
      "another cloud's region",
      { ...pair, CXONE_REGION: "us-east-1" },
      "CXONE_REGION is us-east-1, which CXone does not have; expected one of us, us-devtest, eu, ap"
    ],
    [
      "a region as area",
      { CXONE_ACCESS_KEY_ID: "k====", CXONE_ACCESS_KEY_SECRET: "s====", CXONE_AREA: "eu" },
      "CXONE_AREA is eu, which is a region of the platform gateway, for a client alone; an area is na1, eu1 or the like"
    ]
  ] as const)("%s is said by its name", ([_, settings, message]) =>
    Effect.gen(function* () {
      expect(yield* errorOf(settings)).toContain(message)
    })
  )

  it.effect("without white space there is no warning", () =>
    Effect.gen(function* () {
      const { warnings } = yield* load(pair)
      expect(warnings).toEqual([])
    })
  )
})
