import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** The fields of a JSON object, by their names. */
export type JsonFields = { readonly [name: PropertyKey]: unknown }

const parseJson = Schema.decodeOption(Schema.parseJson())

export const parse = (text: string): Option.Option<JsonFields> =>
  Option.filter(parseJson(text), Predicate.isReadonlyRecord)

/** The same for an answer that may be wrapped in an array of one, as one integration expects (docs/cxone-facts.md). */
export const parseWrapped = (text: string): Option.Option<JsonFields> =>
  parseJson(text).pipe(
    Option.map((json) => (Array.isArray(json) && json.length === 1 ? json[0] : json)),
    Option.filter(Predicate.isReadonlyRecord)
  )
