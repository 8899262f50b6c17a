/**
 * The fields of a JSON object.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/**
 * The fields of a JSON object, by their names.
 *
 * @since 0.1.0
 * @category models
 */
export type JsonFields = { readonly [name: PropertyKey]: unknown }

const parseJson = Schema.decodeOption(Schema.parseJson())

/**
 * Reads a text as a JSON object.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (text: string): Option.Option<JsonFields> =>
  Option.filter(parseJson(text), Predicate.isReadonlyRecord)

/**
 * The same for an answer of CXone's services, one of which has been seen to wrap them in an array of one (facts §1c).
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseAnswer = (text: string): Option.Option<JsonFields> =>
  parseJson(text).pipe(
    Option.map((json) => (Array.isArray(json) && json.length === 1 ? json[0] : json)),
    Option.filter(Predicate.isReadonlyRecord)
  )
