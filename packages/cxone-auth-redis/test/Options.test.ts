import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Inspectable, Redacted } from "effect"
import * as Layers from "../src/store/Layers.js"
import * as Options from "../src/store/Options.js"
import { adapters, names } from "./support/Adapters.js"

const withPlainPassword = ({ address, prefix }: Options.Resolved) => ({
  ...address,
  password: address.password && Redacted.value(address.password),
  prefix
})

const local = {
  host: "127.0.0.1",
  port: 6379,
  isTls: false,
  username: undefined,
  password: undefined,
  database: 0,
  prefix: "cxone-auth"
}

const neverOpened = { commands: Effect.never, subscriber: () => Effect.never }

describe("the options", () => {
  it("are read from the URL", () => {
    const cases: ReadonlyArray<readonly [url: string, address: Partial<typeof local> | object]> = [
      ["redis://127.0.0.1", {}],
      ["redis://127.0.0.1:7000/3", { port: 7000, database: 3 }],
      ["rediss://redis.example", { host: "redis.example", isTls: true }],
      ["redis://[::1]:7000/", { host: "::1", port: 7000 }],
      ["redis://:p%40ss@127.0.0.1", { password: "p@ss" }],
      ["redis://us%2Fer:pass@127.0.0.1", { username: "us/er", password: "pass" }]
    ]
    for (const [url, address] of cases) {
      expect(withPlainPassword(Options.resolve({ url }))).toStrictEqual({ ...local, ...address })
      expect(withPlainPassword(Options.resolve({ url: Redacted.make(url) }))).toStrictEqual({ ...local, ...address })
    }
  })

  it("name a user and a password in place of those in the URL, and a prefix", () => {
    const resolved = Options.resolve({
      url: "redis://user:pass@127.0.0.1",
      username: "other",
      password: Redacted.make("secret"),
      prefix: "reports"
    })
    expect(withPlainPassword(resolved)).toStrictEqual({
      ...local,
      username: "other",
      password: "secret",
      prefix: "reports"
    })
  })

  it.each(names)("that are wrong are a TypeError over %s, which names the option and shows no value", (name) => {
    const { layer, layerClient } = adapters[name]
    for (const url of ["", "canary", "http://canary", "redis:canary", "redis://canary/x", "redis://a:%c3%28canary@b"]) {
      expect(() => layer({ url })).toThrow(
        new TypeError("RedisTokenStore: url must be a URL such as redis://host:6379, or rediss://host:6379 for TLS")
      )
    }
    for (const prefix of ["", "two words", "{canary}"]) {
      const error = new TypeError("RedisTokenStore: prefix must be a text without spaces and braces")
      expect(() => layer({ url: "redis://redis.example", prefix })).toThrow(error)
      expect(() => Layers.overDriver(neverOpened, { prefix })).toThrow(error)
    }
    // @ts-expect-error Plain JavaScript may pass anything.
    expect(() => Layers.overDriver(neverOpened, null)).toThrow(
      new TypeError("RedisTokenStore: expected an object with prefix")
    )
    const url = "redis://redis.example"
    const password = Redacted.make("canary")
    const wrong: ReadonlyArray<readonly [options: object | undefined, objection: string]> = [
      [undefined, "expected an object with url"],
      [{ url, password: "canary" }, "password must be made by Redacted.make"],
      [{ url, username: 5, password }, "username must be a text that is not empty, and needs a password"],
      [{ url, username: "canary" }, "username must be a text that is not empty, and needs a password"],
      [{ url: "redis://canary@redis.example" }, "username must be a text that is not empty, and needs a password"]
    ]
    for (const [options, objection] of wrong) {
      // @ts-expect-error Plain JavaScript may pass anything.
      expect(() => layer(options)).toThrow(new TypeError(`RedisTokenStore: ${objection}`))
    }
    const [ofIoredis, ofNodeRedis] = [{ isCluster: false, eval: () => {} }, { eval: () => {} }]
    for (const client of [undefined, {}, name === "ioredis" ? ofNodeRedis : ofIoredis]) {
      // @ts-expect-error Plain JavaScript may pass anything.
      expect(() => layerClient(client)).toThrow(/^RedisTokenStore: client must be /)
    }
  })
})

describe("the settings", () => {
  const load = (settings: Record<string, string>) =>
    Effect.withConfigProvider(Options.config, ConfigProvider.fromMap(new Map(Object.entries(settings))))

  it.effect("are the same as the options", () =>
    Effect.gen(function* () {
      const CXONE_REDIS_URL = "rediss://redis.example:7000/1"
      const address = { host: "redis.example", port: 7000, isTls: true, database: 1 }
      expect(withPlainPassword(yield* load({ CXONE_REDIS_URL }))).toStrictEqual({ ...local, ...address })
      expect(
        withPlainPassword(
          yield* load({
            CXONE_REDIS_URL,
            CXONE_REDIS_USERNAME: "user",
            CXONE_REDIS_PASSWORD: " secret\n",
            CXONE_REDIS_PREFIX: "reports"
          })
        )
      ).toStrictEqual({ ...local, ...address, username: "user", password: "secret", prefix: "reports" })
      const empty = { CXONE_REDIS_USERNAME: "", CXONE_REDIS_PASSWORD: "", CXONE_REDIS_PREFIX: "" }
      expect(withPlainPassword(yield* load({ CXONE_REDIS_URL, ...empty }))).toStrictEqual({ ...local, ...address })
    })
  )

  it.effect("that are wrong are a ConfigError, which names the setting and shows no value", () =>
    Effect.gen(function* () {
      const CXONE_REDIS_URL = "redis://redis.example"
      const cases: ReadonlyArray<readonly [settings: Record<string, string>, named: string]> = [
        [{}, "CXONE_REDIS_URL"],
        [{ CXONE_REDIS_URL: " " }, "CXONE_REDIS_URL"],
        [{ CXONE_REDIS_URL: "canary" }, "CXONE_REDIS_URL"],
        [{ CXONE_REDIS_URL, CXONE_REDIS_PREFIX: "{canary}" }, "CXONE_REDIS_PREFIX"],
        [{ CXONE_REDIS_URL, CXONE_REDIS_USERNAME: "canary" }, "CXONE_REDIS_USERNAME"]
      ]
      for (const [settings, named] of cases) {
        const text = Inspectable.toStringUnknown(yield* Effect.flip(load(settings)))
        expect(text).toContain(named)
        expect(text).not.toContain("canary")
      }
    })
  )
})
