import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, type CxoneAuthFromEnvOptions } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { ConfigProvider, Effect, Layer, Logger } from "effect"

const building = (provider: ConfigProvider.ConfigProvider, options?: CxoneAuthFromEnvOptions) =>
  Effect.gen(function* () {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ message }) => void lines.push(message))
    const built = Layer.launch(Layer.provide(CxoneAuth.layerFromEnv(options), CxoneSimulator.layerMemory()))
    const error = yield* Effect.flip(built).pipe(
      Effect.withConfigProvider(provider),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
    return [String(error), ...lines]
  })

describe("the names of settings in errors and warnings", () => {
  const settings = { CXONE_CLIENT_ID: "'id'", CXONE_CLIENT_SECRET: "s", CXONE_REGION: "eu", CXONE_AREA: "na1" }
  const under = (prefix: string, delimiter: string) =>
    new Map(Object.entries(settings).map(([name, value]) => [`${prefix}${delimiter}${name}`, value]))

  it.effect.each([
    ["no prefix", ConfigProvider.fromMap(new Map(Object.entries(settings))), "", "CXONE_AREA"],
    [
      "a prefix",
      ConfigProvider.nested(ConfigProvider.fromMap(under("ACME", "_"), { pathDelim: "_" }), "ACME"),
      "ACME_",
      "ACME.CXONE_AREA"
    ],
    [
      "a prefix with a point",
      ConfigProvider.nested(ConfigProvider.fromMap(under("acme", ".")), "acme"),
      "acme.",
      "acme.CXONE_AREA"
    ]
  ] as const)("with %s they are those that the provider reads", ([_, provider, prefix, path]) =>
    Effect.gen(function* () {
      expect(yield* building(provider)).toEqual([
        `(Invalid data at ${path}: "Expected ${prefix}CXONE_AREA not to be set together with ${prefix}CXONE_REGION")`,
        [`${prefix}CXONE_CLIENT_ID is in quotes, which are ignored`]
      ])
    })
  )

  it.effect("two wrong settings at once are both named whole, also if another provider stands behind", () =>
    Effect.gen(function* () {
      const wrong = new Map([
        ["ACME_CXONE_AREA", "NA1"],
        ["ACME_CXONE_REGION", "mars"]
      ])
      const provider = ConfigProvider.nested(ConfigProvider.fromMap(wrong, { pathDelim: "_" }), "ACME")
      const [error] = yield* building(ConfigProvider.orElse(provider, () => ConfigProvider.fromMap(new Map())))
      expect(error).toBe(
        '(Invalid data at ACME.CXONE_REGION: "ACME_CXONE_REGION must be one of us, us-devtest, eu, ap") and ' +
          '(Invalid data at ACME.CXONE_AREA: "ACME_CXONE_AREA must be a name in lower case, such as na1 or eu1")'
      )
    })
  )

  it.effect("a comma, at which a nested provider cuts a value, is said with a way around it", () =>
    Effect.gen(function* () {
      const secret = new Map([
        ["ACME_CXONE_CLIENT_ID", "id"],
        ["ACME_CXONE_CLIENT_SECRET", "canary,canary"]
      ])
      const provider = ConfigProvider.nested(ConfigProvider.fromMap(secret, { pathDelim: "_" }), "ACME")
      expect(yield* building(provider)).toEqual([
        '(Invalid data at ACME: "A setting under ACME_ has a comma in it, at which ConfigProvider.nested cuts it. Use ' +
          'CxoneAuth.layerFromEnv({ prefix }) in its place")'
      ])
    })
  )

  it.effect.each([
    ["variables", ConfigProvider.fromMap(under("ACME", "_"), { pathDelim: "_" }), "ACME", "ACME_"],
    ["an object of JSON", ConfigProvider.fromJson({ acme: settings }), "acme", "acme."]
  ] as const)("the option prefix, with %s", ([_, provider, prefix, shown]) =>
    Effect.gen(function* () {
      expect(yield* building(provider, { prefix })).toEqual([
        `(Invalid data at ${prefix}.CXONE_AREA: "Expected ${shown}CXONE_AREA not to be set together with ${shown}CXONE_REGION")`,
        [`${shown}CXONE_CLIENT_ID is in quotes, which are ignored`]
      ])
    })
  )

  it.effect("the option prefix: a setting that is missing has its whole name", () =>
    Effect.gen(function* () {
      const provider = ConfigProvider.fromMap(new Map([["ACME_CXONE_CLIENT_ID", "id"]]), { pathDelim: "_" })
      expect(yield* building(provider, { prefix: "ACME" })).toEqual([
        '(Missing data at ACME.CXONE_CLIENT_SECRET: "Expected ACME_CXONE_CLIENT_SECRET, not empty, together with ACME_CXONE_CLIENT_ID")'
      ])
    })
  )

  it("the option prefix: one that no setting can have is refused by name", () => {
    for (const prefix of ["", "ACME_"]) {
      expect(() => CxoneAuth.layerFromEnv({ prefix })).toThrow(
        'CxoneAuth: prefix must be a name such as "ACME", without the "_" behind it'
      )
    }
  })
})
