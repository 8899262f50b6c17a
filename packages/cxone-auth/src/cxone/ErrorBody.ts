import type * as Headers from "@effect/platform/Headers"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { quote, type Sent } from "../http/Redaction.js"
import * as JsonAnswer from "./JsonAnswer.js"

/** What an error answer says, as it was sent: it may repeat anything. */
export interface ErrorBody {
  /** The error code, such as `invalid_client`. */
  readonly code: string | undefined
  /** Text for a person. Empty if there is none. */
  readonly description: string
}

/** The names that CXone's services use for the text (docs/cxone-facts.md), the one that says most first. */
const descriptionFields = ["error_description", "errorDescription", "detailedMessage", "errorMessage", "message"]

const isTelling = (value: unknown): value is string => Predicate.isString(value) && value.trim() !== ""

const textOf = (fields: JsonAnswer.JsonFields, names: ReadonlyArray<string>): string | undefined =>
  names.map((name) => fields[name]).find(isTelling)

const parseFields = (fields: JsonAnswer.JsonFields): ErrorBody => {
  const error = Predicate.isReadonlyRecord(fields.error) ? fields.error : {}
  return {
    code: textOf(fields, ["error"]) ?? textOf(error, ["code", "error"]),
    description: textOf(error, descriptionFields) ?? textOf(fields, descriptionFields) ?? ""
  }
}

const looksLikeHtml = (text: string): boolean => /^\s*<(?:!doctype|html|head|body|\?xml)/i.test(text)

const titleOf = (html: string): string => {
  const title = /<title[^<>]*>([^<]*)<\/title>/i.exec(html)?.[1]?.trim() ?? ""
  return title === "" ? "an HTML page" : `an HTML page, ${title}`
}

/**
 * Reads an error from an answer, in all forms that CXone uses (docs/cxone-facts.md). In JSON, `error` is a string or an
 * object, the description has any of the names in `descriptionFields`, and the whole object may be the only element of
 * an array. Plain text is taken as it is. An HTML page gives its title. If there is no description, the header
 * `icStatusDescription` counts. The body is `None` if it was too long or could not be read.
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
  // If no known field is present, the whole body is quoted, if there is a word in it.
  const description = /[\p{L}\p{N}]/u.test(body) ? body : ""
  return Option.getOrElse(Option.filter(found, isOfUse), () => ({ code: undefined, description }))
}

const isOfUse = ({ code, description }: ErrorBody): boolean => code !== undefined || description !== ""

/**
 * Reads an error from an answer with a successful status, as some of CXone's services give it. The name of a field must
 * begin with "error".
 */
export const parseInSuccess = (body: string): Option.Option<ErrorBody> =>
  JsonAnswer.parseWrapped(body).pipe(
    Option.filter((fields) => Object.keys(fields).some((name) => /^error/i.test(name))),
    Option.map(parseFields),
    Option.filter(isOfUse)
  )

/** The text without what was sent, as it may stand in an error (S2). */
export const quoted = ({ description }: ErrorBody, sent: Sent): { readonly description?: string } =>
  description.trim() === "" ? {} : { description: quote(description, sent) }
