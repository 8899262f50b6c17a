import * as Option from "effect/Option"
import { pathOf } from "../http/IncomingRequest.js"
import type { RecordedRequest } from "./RecordedRequest.js"

/** The requests that have arrived, for a message: a line each, without what may be a secret. */
export const listOf = (
  requests: ReadonlyArray<RecordedRequest>,
  { none = "Nothing arrived.", title = "Arrived:" }: { readonly none?: string; readonly title?: string } = {}
): string => (requests.length === 0 ? none : [title, ...requests.map(lineOf)].join("\n"))

const lineOf = (request: RecordedRequest): string => {
  const { endpoint, method, origin, outcome, status } = request
  return `  ${endpoint}: ${method} ${origin}${pathOf(request)} (${Option.getOrElse(status, () => outcome)})`
}
