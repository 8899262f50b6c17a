import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { RecordedRequest } from "../recorder/Recorder.js"

const secrets = ["client_secret", "client_assertion", "password", "refresh_token", "accessKeySecret", "token"]

const Fields = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

/** What a token request sent, as a form or as UserHub's JSON. Secrets are replaced. */
export const shown = ({ body }: RecordedRequest): Record<string, string> => {
  const text = Redacted.value(body)
  const fields = Option.getOrElse(Schema.decodeOption(Fields)(text), () =>
    Object.fromEntries(new URLSearchParams(text))
  )
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, secrets.includes(name) ? "<redacted>" : value])
  )
}
