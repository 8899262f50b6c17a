import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { mediaTypeOf } from "../http/IncomingRequest.js"
import type { RecordedRequest } from "../recorder/Recorder.js"

/** The fields that hold no secret. Any other may hold one, such as a secret under a wrong name. */
const shownFields = [
  "grant_type",
  "scope",
  "client_id",
  "username",
  "accessKeyId",
  "client_assertion_type",
  "audience",
  "resource"
]

const decodeJson = Schema.decodeEither(Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown })))

const fieldsOf = (request: RecordedRequest): { readonly [name: string]: unknown } => {
  const text = Redacted.value(request.body)
  switch (mediaTypeOf(request)) {
    case "application/x-www-form-urlencoded":
      return Object.fromEntries(new URLSearchParams(text))
    case "application/json":
      return Either.getOrElse(decodeJson(text), () => ({}))
    default:
      return {}
  }
}

/** The fields of a token request, as a form or as UserHub's JSON. What may be a secret is replaced. */
export const shown = (request: RecordedRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fieldsOf(request)).map(([name, value]) => [
      name,
      shownFields.includes(name) && Predicate.isString(value) ? value : "<redacted>"
    ])
  )
