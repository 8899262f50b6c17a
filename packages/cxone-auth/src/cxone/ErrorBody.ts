/**
 * What a server says when it says no, in whatever form it says it.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import { quote } from "../http/Redaction.js"
import * as JsonAnswer from "./JsonAnswer.js"

/**
 * What a server says when it says no. Both are as they were sent, and may repeat anything.
 *
 * @since 0.1.0
 * @category models
 */
export interface ErrorBody {
  /** The error code, such as `invalid_client`, if there is one. */
  readonly code: string | undefined
  /** Text for a person; empty if there is none. */
  readonly description: string
}

/** What CXone's services call the text (facts §4a), the more telling name first. */
const descriptionFields = ["error_description", "errorDescription", "detailedMessage", "errorMessage", "message"]

const isTelling = (value: unknown): value is string => Predicate.isString(value) && value.trim() !== ""

const textOf = (fields: JsonAnswer.JsonFields, names: ReadonlyArray<string>): string | undefined =>
  names.map((name) => fields[name]).find(isTelling)

const parseFields = (fields: JsonAnswer.JsonFields): ErrorBody => {
  const { error } = fields
  if (Predicate.isReadonlyRecord(error)) {
    return {
      code: textOf(error, ["code", "error"]),
      description: textOf(error, descriptionFields) ?? textOf(fields, descriptionFields) ?? ""
    }
  }
  return { code: textOf(fields, ["error"]), description: textOf(fields, descriptionFields) ?? "" }
}

const looksLikeHtml = (text: string): boolean => /^\s*<(?:!doctype|html|head|body|\?xml)/i.test(text)

const titleOf = (html: string): string => {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(html)?.[1]?.trim() ?? ""
  return title === "" ? "an HTML page" : `an HTML page, ${title}`
}

/**
 * Reads an error from the body of an answer (`None` if it was too long to be read): JSON in any of the forms of facts
 * §4a (`error` as a text or an object, the text under any of its names, in an array of one), plain text, an HTML page
 * (of which only the title is of use), or, where all that is empty, the header `icStatusDescription`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (body: Option.Option<string>, headers: Headers.Headers): ErrorBody => {
  const { code, description } = parseBody(Option.getOrElse(body, () => ""))
  return { code, description: description.trim() === "" ? (headers.icstatusdescription ?? "") : description }
}

const parseBody = (body: string): ErrorBody => {
  if (looksLikeHtml(body)) {
    return { code: undefined, description: titleOf(body) }
  }
  const found = Option.map(JsonAnswer.parseWrapped(body), parseFields)
  // What holds nothing that is known is for a person to make sense of.
  return Option.getOrElse(Option.filter(found, isOfUse), () => ({ code: undefined, description: body }))
}

const isOfUse = ({ code, description }: ErrorBody): boolean => code !== undefined || description !== ""

/**
 * Reads an error from an answer whose status says that there is none, as some of CXone's services give it (facts §4a):
 * only where a field says by its name that it is one.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseInSuccess = (body: string): Option.Option<ErrorBody> =>
  JsonAnswer.parseWrapped(body).pipe(
    Option.filter((fields) => Object.keys(fields).some((name) => /^error/i.test(name))),
    Option.map(parseFields),
    Option.filter(isOfUse)
  )

/**
 * The text as it may stand in an error, without what was sent (S2); nothing, if there is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const quoted = (
  { description }: ErrorBody,
  sent: ReadonlyArray<Redacted.Redacted<string>>
): { readonly description?: string } => (description.trim() === "" ? {} : { description: quote(description, sent) })
