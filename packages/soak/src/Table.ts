/** What a person reads. */
import { Option } from "effect"
import type { Findings } from "./Findings.js"
import type { Message } from "./Report.js"
import type { ServerTally } from "./ServerTally.js"
import * as Verdict from "./Verdict.js"

const label = 40

const row = (name: string, ...cells: ReadonlyArray<string>): string =>
  `${name.padEnd(label)}${cells.map((cell) => cell.padEnd(36)).join("")}`.trimEnd()

const number = (value: number): string => value.toLocaleString("en")

const sum = (counts: { readonly [kind: string]: number }): number => Object.values(counts).reduce((a, b) => a + b, 0)

/** One line while it runs. */
export const progress = (
  transport: string,
  millis: number,
  { done, heap }: Extract<Message, { readonly _tag: "Progress" }>,
  server: ServerTally
): string =>
  [
    transport.padEnd(8) + `${Math.round(millis / 1000)} s`.padStart(6),
    `${number(done.calls)} calls`.padStart(16),
    `${number(server.exchanges)} exchanges`.padStart(18),
    `${number(sum(server.faults))} faults`.padStart(14),
    `${number(sum(done.failures))} failures`.padStart(16),
    `${(heap / 1024 / 1024).toFixed(1)} MB`.padStart(12)
  ].join("")

const kinds = (findings: ReadonlyArray<Findings>, of: (each: Findings) => { readonly [kind: string]: number }) =>
  [...new Set(findings.flatMap((each) => Object.keys(of(each))))]
    .sort()
    .map((kind) => row(`  ${kind}`, ...findings.map((each) => number(of(each)[kind] ?? 0))))

const failuresOf = ({ report }: Findings) =>
  Option.match(report, { onNone: () => ({}), onSome: ({ done }) => done.failures })

const done = (what: "calls" | "tokens" | "abandoned") => (findings: Findings) =>
  Option.match(findings.report, { onNone: () => "?", onSome: (report) => number(report.done[what]) })

const stall = ({ report }: Findings) =>
  Option.match(report, { onNone: () => "?", onSome: ({ longestStall }) => `${Math.round(longestStall)} ms` })

const verdict = (passed: boolean, found: string): string => `${passed ? "ok  " : "FAIL"} ${found}`

/** All that was found, a column for each transport. */
export const table = (findings: ReadonlyArray<Findings>): string => {
  const checks = findings.map(Verdict.checks)
  const names = [...new Set(checks.flat().map(({ name }) => name))]
  const cell = (name: string) => (column: ReadonlyArray<Verdict.Check>) => {
    const check = column.find((each) => each.name === name)
    return check === undefined ? "" : verdict(check.passed, check.found)
  }
  const details = findings.flatMap(({ transport }, index) =>
    (checks[index] ?? [])
      .filter(({ passed }) => !passed)
      .flatMap(({ details, name }) => [`${transport}: ${name}`, ...details.map((detail) => `  ${detail}`)])
  )
  return [
    row("", ...findings.map(({ transport }) => transport)),
    row("calls", ...findings.map(done("calls"))),
    row("tokens asked for directly", ...findings.map(done("tokens"))),
    row("calls that were left", ...findings.map(done("abandoned"))),
    row("token requests", ...findings.map(({ server }) => number(server.exchanges))),
    row("faults injected", ...findings.map(({ server }) => number(sum(server.faults)))),
    ...kinds(findings, ({ server }) => server.faults),
    row("failures", ...findings.map((each) => number(sum(failuresOf(each))))),
    ...kinds(findings, failuresOf),
    row("longest stall of the app", ...findings.map(stall)),
    "",
    ...names.map((name) => row(name, ...checks.map(cell(name)))),
    ...(details.length === 0 ? [] : ["", ...details])
  ].join("\n")
}
