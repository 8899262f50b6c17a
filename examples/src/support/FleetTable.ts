/** The table of a fleet. */
import { Console, type Effect, Option } from "effect"
import type { Report } from "./FleetReport.js"

export interface Row {
  readonly name: string
  /** The token requests that the process made. */
  readonly requests: number
  readonly report: Option.Option<Report>
}

const sources = { exchange: "its own request", store: "Redis" } as const

const cells = ({ name, report, requests }: Row): ReadonlyArray<string> => {
  const { calls, failed, source } = Option.getOrElse(report, (): Report => ({ calls: 0, failed: 0 }))
  return [name, String(calls), String(failed), String(requests), source === undefined ? "" : sources[source]]
}

const widths = [10, 10, 10, 18, 18]

const lineOf = (texts: ReadonlyArray<string>): string =>
  texts
    .map((text, column) => text.padEnd(widths[column] ?? 0))
    .join("")
    .trimEnd()

/** Prints it. */
export const show = (rows: ReadonlyArray<Row>): Effect.Effect<void> =>
  Console.log(
    [["process", "calls", "failed", "token requests", "its token is from"], ...rows.map(cells)].map(lineOf).join("\n")
  )
