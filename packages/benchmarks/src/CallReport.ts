/** The report on calls for a person: the tables, and the text around them. */
import type { Machine } from "./Machine.js"
import * as Plot from "./Plot.js"
import * as Stampede from "./Stampede.js"
import { number, table } from "./Table.js"
import * as Throughput from "./Throughput.js"

export interface CallFigures {
  readonly settings: Throughput.ThroughputSettings
  readonly throughput: ReadonlyArray<readonly [transport: string, throughput: Throughput.Throughput]>
  readonly closed: ReadonlyArray<Stampede.Stampede>
  readonly quota: ReadonlyArray<Stampede.Stampede>
}

const goal = 0.97

const quartiles = (numbers: ReadonlyArray<number>): string => {
  const sorted = [...numbers].sort((one, other) => one - other)
  const at = (part: number) => number(sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN, 3)
  return `${at(0.25)} to ${at(0.75)}`
}

export const throughputTable = ({ throughput }: CallFigures): string =>
  table(
    [
      "",
      "with auth, requests/s",
      "without, requests/s",
      "ratio",
      "middle half of the ratios",
      "without spans, requests/s",
      "ratio"
    ],
    throughput.map(([transport, measured]) => [
      transport,
      number(Throughput.median(measured.cxone)),
      number(Throughput.median(measured.plain)),
      number(Throughput.median(Throughput.ratios(measured, "plain")), 3),
      quartiles(Throughput.ratios(measured, "plain")),
      number(Throughput.median(measured.untraced)),
      number(Throughput.median(Throughput.ratios(measured, "untraced")), 3)
    ])
  )

export const closedTable = ({ closed }: CallFigures): string =>
  table(
    ["Requests at the server", ...closed.map(({ name }) => name)],
    [
      ["before the API accepted calls", ...closed.map((each) => number(Stampede.arrived(each, 0, Stampede.opening)))],
      ...[10, 50, 100, 500, 2_000].map((millis) => [
        `in the first ${number(millis)} ms after the first that was let in`,
        ...closed.map((each) => {
          const first = firstAfterOpening(each)
          return number(Stampede.arrived(each, first, first + millis))
        })
      ]),
      ["in all", ...closed.map(({ arrivals }) => number(arrivals.length))],
      [
        "first waiting call sent, ms after the API accepts calls",
        ...closed.map((each) => number(firstAfterOpening(each) - Stampede.opening))
      ],
      ["calls that were served", ...closed.map(({ served }) => number(served))],
      ["calls that failed: `RateLimited`", ...closed.map(({ rateLimited }) => number(rateLimited))],
      ["seconds until all had ended", ...closed.map(({ seconds }) => number(seconds, 1))]
    ]
  )

const firstAfterOpening = ({ arrivals }: Stampede.Stampede): number =>
  Math.min(...arrivals.map(([at]) => at).filter((at) => at >= Stampede.opening))

export const quotaTable = ({ quota }: CallFigures): string =>
  table(
    ["", ...quota.map(({ name }) => name)],
    [
      ["calls", ...quota.map(({ calls }) => number(calls))],
      ["requests", ...quota.map(({ arrivals }) => number(arrivals.length))],
      [
        "answered with 429",
        ...quota.map(({ arrivals }) => number(arrivals.filter(([, status]) => status === 429).length))
      ],
      ["calls that were served", ...quota.map(({ served }) => number(served))],
      ["seconds until all had ended", ...quota.map(({ seconds }) => number(seconds, 1))]
    ]
  )

/** What the console shows. */
export const tables = (figures: CallFigures): string =>
  [throughputTable, closedTable, quotaTable].map((each) => each(figures)).join("\n\n")

const slot = 50

/** Requests at the server by time, in the case of the closed API. */
export const plot = ({ closed }: CallFigures): string =>
  Plot.svg({
    title: "5,000 calls at once into 429 with Retry-After: 2",
    note: "From half a second before that has passed; all 5,000 came once before.",
    x: "milliseconds after the first request",
    y: `requests at the server in ${slot} ms`,
    lines: closed
      .filter((_, index) => index !== 1) // The few that wait would hide behind the many.
      .map((each) => ({
        name: each.name,
        points: Stampede.slots(each, slot)
          .map((count, index) => ({ x: index * slot, y: count }))
          .filter(({ x }) => x >= Stampede.opening - 500 && x < Stampede.opening + 3_000)
      }))
  })

/** The file; the plot is beside it. */
export const markdown = (figures: CallFigures, machine: Machine, plotFile: string): string => {
  const { atOnce, requests, rounds } = figures.settings
  const worst = Math.min(...figures.throughput.map(([, each]) => Throughput.median(Throughput.ratios(each, "plain"))))
  return `# Calls: throughput, and 429

Written by \`pnpm bench:calls\`. All figures are from one run.

**Where.** ${machine.cores} cores (${machine.processor}), ${machine.system}, Node ${machine.node}. The server is a plain \`node:http\`
server on loopback, in a process of its own. It and whatever else ran there used the same cores. The library is
compiled from its source in the same way as the npm package.

## Throughput with and without the client

GETs of a small JSON answer, ${atOnce} at once, with each body read. They are made with \`CxoneHttpClient\`, and over the same
transport with the platform's \`HttpClient\` and a fixed token. Each client first makes ${number(Throughput.warmUp.requests)} requests that are not
counted. Then come ${rounds} rounds; in each round every client makes ${number(requests)} requests, one client after the other.
Figures are medians; the ratio is the median of the ratios of the rounds. The goal (C6) is ${goal} or more.
The least ratio is ${number(worst, 3)}, so the goal is ${worst >= goal ? "met" : "not met"}.

${throughputTable(figures)}

The platform's client opens a span for each request. \`CxoneHttpClient\` turns that span off, and opens one of its own
only if there is a tracer. This benchmark has none.
The last columns compare ours with the platform's client without a span.

## 5,000 calls at once into a 429 with \`Retry-After: 2\`

The API answers 429 with \`Retry-After: 2\` to everything for two seconds after the first request, and 200 from then on.
No client can know that before the first answer comes, and by then all calls have been sent. What counts is what comes
afterwards. Each 429 asks for two seconds from when it is read. The last of 5,000 is read seconds after the first, so
the pause ends that much later. Then \`CxoneHttpClient\` with \`onRateLimited: { wait }\` sends one call, and two more for
each that is served. In the last column each call waits for two seconds by itself, without \`onRateLimited\`.

${closedTable(figures)}

![Requests at the server after the opening](${plotFile})

## 2,000 calls at once into an API that takes 200 a second

Above 200 requests in a second the API answers 429 with \`Retry-After: 1\`. All 2,000 come before the first answer, so
any client has 1,800 of them refused. The best possible result is 3,800 requests in 9 seconds.

${quotaTable(figures)}

## Again

\`\`\`sh
npx -y pnpm@10.34.9 bench:calls
\`\`\`

It takes three minutes, and needs the machine for itself.
`
}
