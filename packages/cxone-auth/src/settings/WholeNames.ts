import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

/** Reads a setting where it is: as it is, or under a prefix. */
export type Within = <A>(setting: Config.Config<A>) => Config.Config<A>

/** How the provider names the settings: under `ConfigProvider.nested("ACME")`, `CXONE_AREA` is `ACME_CXONE_AREA`. */
export interface WholeNames {
  readonly inText: (text: string) => string
  readonly inError: (error: ConfigError.ConfigError) => ConfigError.ConfigError
}

// A provider says the whole name only of a setting that it does not have.
const absent = "CXONE_SETTING_THAT_NOBODY_HAS"

const absentIn = (error: ConfigError.ConfigError): { readonly path: ReadonlyArray<string>; readonly text: string } => {
  switch (error._op) {
    // Of several providers, one after the other, the first counts.
    case "Or":
      return absentIn(error.left)
    case "MissingData":
      return { path: error.path, text: error.message }
    default:
      return { path: [], text: "" }
  }
}

const cutAtComma = "at which ConfigProvider.nested cuts it. Use CxoneAuth.layerFromEnv({ prefix }) in its place"

// Effect's nested providers take each value for a list, and look for as many values of the other settings.
const isCutAtComma = (error: ConfigError.ConfigError): boolean =>
  error._op === "And" || error._op === "Or"
    ? isCutAtComma(error.left) || isCutAtComma(error.right)
    : "message" in error && error.message.startsWith("The element")

// A name that is whole already has something before it.
const named = /(?<!\S)CXONE_[A-Z_]+/g

/** Asks the provider. */
export const make = (within: Within): Effect.Effect<WholeNames> =>
  Effect.map(Effect.either(within(Config.string(absent))), (answer) => {
    const { path, text } = Either.match(answer, { onLeft: absentIn, onRight: () => ({ path: [], text: "" }) })
    const outer = path.slice(0, -1)
    const word = text.split(" ").find((each) => each.endsWith(absent))
    // A provider of JSON joins names with a character that nobody sees.
    const prefix = word?.slice(0, -absent.length).replaceAll("\ufeff", ".") ?? outer.map((part) => `${part}_`).join("")

    const inText = (text: string) => text.replace(named, (name) => `${prefix}${name}`)
    const pathOf = (path: ReadonlyArray<string>) =>
      outer.every((part, index) => path[index] === part) ? Array.from(path) : [...outer, ...path]
    const inError = (error: ConfigError.ConfigError): ConfigError.ConfigError => {
      if (isCutAtComma(error)) {
        return ConfigError.InvalidData(outer, `A setting under ${prefix} has a comma in it, ${cutAtComma}`)
      }
      switch (error._op) {
        case "And":
          return ConfigError.And(inError(error.left), inError(error.right))
        case "InvalidData":
          return ConfigError.InvalidData(pathOf(error.path), inText(error.message))
        case "MissingData":
          return ConfigError.MissingData(pathOf(error.path), inText(error.message))
        default:
          return error
      }
    }
    return { inText, inError }
  })
