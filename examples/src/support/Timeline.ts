/** What happened in each half second, as rows of text. */
import type { RecordedRequest } from "cxone-auth-testkit"
import { Option } from "effect"

/** A call that is over; `failure` is the tag of its error. */
export interface Call {
  readonly endedAt: number
  readonly failure: Option.Option<string>
}

const columns = (time: string, endpoint: string, served: string, exchanges: string, failures: string) =>
  `${time.padStart(6)}  ${endpoint.padEnd(16)}${served.padEnd(32)}${exchanges.padEnd(16)}${failures.padStart(8)}`

export const header = columns("time", "token endpoint", "calls served", "exchanges tried", "failures")

export const legend = "exchanges tried: o gave a token, x failed, . under way"

const hasFailed = ({ failure }: Call): boolean => Option.isSome(failure)

// Neither a reset connection nor an exchange in flight has a status. Only the former has a fault.
const mark = ({ fault, status }: RecordedRequest): string => {
  if (Option.isNone(status) && Option.isNone(fault)) {
    return "."
  }
  return Option.contains(status, 200) ? "o" : "x"
}

/** The row for the time between two moments, in milliseconds since the epoch. */
export const row = (span: {
  readonly startedAt: number
  readonly from: number
  readonly to: number
  readonly endpoint: string
  readonly calls: ReadonlyArray<Call>
  readonly exchanges: ReadonlyArray<RecordedRequest>
}): string => {
  const calls = span.calls.filter(({ endedAt }) => endedAt >= span.from && endedAt < span.to)
  const failures = calls.filter(hasFailed).length
  const served = calls.length - failures
  const exchanges = span.exchanges.filter(({ time }) => time >= span.from && time < span.to)
  return columns(
    `${((span.from - span.startedAt) / 1000).toFixed(1)} s`,
    span.endpoint,
    `${"#".repeat(Math.min(served, 27))} ${served}`,
    exchanges.map(mark).join(""),
    String(failures)
  )
}

/** The sums, and the kinds of failures if there were any. */
export const totals = (calls: ReadonlyArray<Call>, exchanges: ReadonlyArray<RecordedRequest>): string => {
  const tags = calls.flatMap(({ failure }) => Option.toArray(failure))
  const kinds = tags.length === 0 ? "" : ` (${Array.from(new Set(tags)).join(", ")})`
  const served = calls.length - tags.length
  return `calls served: ${served}, exchanges tried: ${exchanges.length}, failures: ${tags.length}${kinds}`
}
