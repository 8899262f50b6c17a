import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigError, ConfigProvider, Effect, Either, identity } from "effect"
import * as Setting from "../../src/settings/Setting.js"

const read = <A>(config: Config.Config<A>, settings: Record<string, string>) =>
  Effect.either(Effect.withConfigProvider(config, ConfigProvider.fromMap(new Map(Object.entries(settings)))))

describe("Setting", () => {
  it.effect("a text that is blank counts as missing, and the error says what was expected", () =>
    Effect.gen(function* () {
      const text = Setting.text("CXONE_CLIENT_ID")
      expect(yield* read(text, { CXONE_CLIENT_ID: "  " })).toEqual(
        Either.left(ConfigError.MissingData(["CXONE_CLIENT_ID"], "Expected CXONE_CLIENT_ID to be not empty"))
      )
      expect(yield* read(text, { CXONE_CLIENT_ID: " id " })).toEqual(Either.right("id"))
      expect(yield* read(Config.option(text), { CXONE_CLIENT_ID: "" })).toMatchObject(Either.right({ _tag: "None" }))
    })
  )

  it.effect("a choice that is none of the choices names them, and not what was given", () =>
    Effect.gen(function* () {
      const region = Setting.oneOf("CXONE_REGION", ["us", "eu"])
      expect(yield* read(region, { CXONE_REGION: "mars" })).toEqual(
        Either.left(ConfigError.InvalidData(["CXONE_REGION"], "CXONE_REGION must be one of us, eu"))
      )
      expect(yield* read(region, { CXONE_REGION: "eu" })).toEqual(Either.right("eu"))
    })
  )

  it.effect("warns once of each setting with white space or quotes around it, and not of one that is blank", () =>
    Effect.gen(function* () {
      const settings = {
        CXONE_CLIENT_ID: "id\n",
        CXONE_AREA: "  ",
        CXONE_REGION: "eu",
        CXONE_SCOPES: " a b ",
        CXONE_CLIENT_SECRET: "'quoted'",
        CXONE_ISSUER: '""'
      }
      const warnings = yield* Setting.warnings(identity).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))
      )
      expect(warnings).toEqual([
        "CXONE_CLIENT_ID has white space at its start or end, which is ignored",
        "CXONE_CLIENT_SECRET is in quotes, which are ignored",
        "CXONE_SCOPES has white space at its start or end, which is ignored"
      ])
    })
  )
})
