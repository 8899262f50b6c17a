import * as Option from "effect/Option"
import { pathOf } from "../http/IncomingRequest.js"
import type { RecordedRequest } from "./RecordedRequest.js"
import { isSending } from "./Sending.js"

/** The requests that have arrived, for a message: a line each, without what may be a secret. */
export const listOf = (
  requests: ReadonlyArray<RecordedRequest>,
  { none = "Nothing arrived.", title = "Arrived:" }: { readonly none?: string; readonly title?: string } = {}
): string => (requests.length === 0 ? none : [title, ...requests.map(lineOf)].join("\n"))

const lineOf = (request: RecordedRequest): string => {
  const end = Option.getOrElse(request.status, () => request.outcome)
  return `  ${request.endpoint}: ${nameOf(request)} (${end}${isSending(request) ? ", and its body is still being sent" : ""})`
}

/** How the last of the requests ended, for a message. */
export const lastOf = (requests: ReadonlyArray<RecordedRequest>): string | undefined => {
  const last = requests.at(-1)
  return last === undefined
    ? undefined
    : Option.match(last.status, {
        onNone: () => `The last request was ${last.outcome}: ${nameOf(last)}`,
        onSome: (status) => `The last answer was ${status} to ${nameOf(last)}`
      })
}

const nameOf = (request: RecordedRequest): string => `${request.method} ${request.origin}${pathOf(request)}`
