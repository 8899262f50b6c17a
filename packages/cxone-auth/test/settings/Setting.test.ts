import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigError, ConfigProvider, Effect, Either, Logger } from "effect"
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
        Either.left(ConfigError.InvalidData(["CXONE_REGION"], "Expected CXONE_REGION to be one of us, eu"))
      )
      expect(yield* read(region, { CXONE_REGION: "eu" })).toEqual(Either.right("eu"))
    })
  )

  it.effect("warns once of each setting with white space at an end, and not of one that is blank", () =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const logger = Logger.make(({ message }) => void lines.push(message))
      const settings = { CXONE_CLIENT_ID: "id\n", CXONE_AREA: "  ", CXONE_REGION: "eu", CXONE_SCOPES: " a b " }
      yield* Setting.warnOfWhiteSpace.pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings)))),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      const warning = (setting: string) => [`${setting} has white space at its start or end, which is ignored`]
      expect(lines).toEqual([warning("CXONE_CLIENT_ID"), warning("CXONE_SCOPES")])
    })
  )
})
