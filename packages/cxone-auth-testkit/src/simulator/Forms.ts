import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { RecordedRequest } from "../recorder/Recorder.js"

const secrets = ["client_secret", "client_assertion", "password", "refresh_token", "accessKeySecret", "token"]

const isForm = /^application\/x-www-form-urlencoded\b/i

const Fields = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

/** What a token request sent, as a form or as UserHub's JSON. Secrets are replaced. */
export const shown = ({ body, headers }: RecordedRequest): Record<string, string> => {
  const text = Redacted.value(body)
  const fields = Option.getOrElse(Schema.decodeOption(Fields)(text), () =>
    // A body that is no form, read as one, would be a name, and shown as a whole.
    isForm.test(headers["content-type"] ?? "") ? Object.fromEntries(new URLSearchParams(text)) : {}
  )
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secrets.includes(name) || !Predicate.isString(value) ? "<redacted>" : value
    ])
  )
}
