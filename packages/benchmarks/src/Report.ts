/** The report for a person: the tables, and the text around them. */
import { type Figures, type Growth, type Pace, perTenant } from "./Figures.js"
import type { Machine } from "./Machine.js"
import type { Percentiles } from "./Percentiles.js"
import * as Plot from "./Plot.js"
import { number, table } from "./Table.js"

const megabyte = 1024 * 1024

const bytes = (value: number): string => number(Math.round(value) || 0)

/** A string of a byte a character: two words of header, and the characters in whole words. */
const stringBytes = (length: number): number => 16 + 8 * Math.ceil(length / 8)

/** Bytes a tenant. */
export const memoryTable = ({ entries, rounds, tokenLength }: Figures): string => {
  const columns = rounds.map(perTenant)
  const entry = perTenant(entries)
  const token = stringBytes(tokenLength)
  const row = (name: string, cell: (column: ReturnType<typeof perTenant>) => number) => [
    name,
    ...columns.map((column) => bytes(cell(column)))
  ]
  return table(
    ["Bytes a tenant", "first time", "second time"],
    [
      row("heap, all tenants idle", ({ full }) => full.heap),
      row("- the access token's text", () => token),
      row("- the entry of `LayerMap`, alone", () => entry.full.heap),
      row("- the rest: client, auth service, documents", ({ full }) => full.heap - token - entry.full.heap),
      row("rss, all tenants idle", ({ full }) => full.rss),
      row("heap left, all tenants dropped", ({ left }) => left.heap),
      row("heap left by `LayerMap` alone", () => entry.left.heap),
      row("rss left, all tenants dropped", ({ left }) => left.rss)
    ]
  )
}

export const tokensTable = ({ rounds, settings }: Figures): string =>
  table(
    ["Objects of `AccessToken`", "first time", "second time"],
    [
      [`${number(settings.tenants)} tenants`, ...rounds.map(({ tokensFull }) => number(tokensFull))],
      ["all tenants dropped", ...rounds.map(({ tokensDropped }) => number(tokensDropped))]
    ]
  )

/** Megabytes of heap, by number of tenants. */
export const heapTable = ({ entries, rounds }: Figures): string => {
  const columns: ReadonlyArray<Growth> = [...rounds, entries]
  const above = ({ samples }: Growth, memory: { readonly heap: number } | undefined) =>
    number(((memory?.heap ?? Number.NaN) - (samples[0]?.heap ?? Number.NaN)) / megabyte, 2)
  const [first] = rounds
  return table(
    ["heap growth in MB", "first time", "second time", "`LayerMap` alone"],
    [
      ...first.samples.map(({ tenants }, index) => [
        `${number(tenants)} tenants`,
        ...columns.map((column) => above(column, column.samples[index]))
      ]),
      ["dropped", ...columns.map((column) => above(column, column.dropped))]
    ]
  )
}

/** Milliseconds of one tenant after the other. */
export const coldTable = ({ cold: { byHand, library } }: Figures): string => {
  const row = (name: string, value: (percentile: keyof Percentiles) => number) => [
    name,
    ...(["p50", "p95", "p99"] as const).map((percentile) => number(value(percentile), 2))
  ]
  return table(
    ["ms to the first answer", "p50", "p95", "p99"],
    [
      row("with the library", (percentile) => library[percentile]),
      row("by hand: transport and server", (percentile) => byHand[percentile]),
      row("the library's share", (percentile) => library[percentile] - byHand[percentile])
    ]
  )
}

/** All tenants, many at once. */
export const paceTable = ({ rounds: [first, second] }: Figures): string => {
  const row = (name: string, { cpu, tenants, wall }: Pace) => [
    name,
    number(wall / 1000, 1),
    number((tenants / wall) * 1000),
    number((4 * tenants * 1000) / wall),
    number(wall / tenants, 2),
    number(cpu / tenants, 2)
  ]
  const share = (name: string, library: Pace, byHand: Pace) => [
    name,
    number((library.wall - byHand.wall) / 1000, 1),
    "",
    "",
    number((library.wall - byHand.wall) / library.tenants, 2),
    number((library.cpu - byHand.cpu) / library.tenants, 2)
  ]
  return table(
    ["", "wall, s", "tenants/s", "requests/s", "wall, ms a tenant", "processor, ms a tenant"],
    [
      row("with the library, first time", first.pace),
      row("by hand, first time", first.byHand),
      share("the library's share", first.pace, first.byHand),
      row("with the library, second time", second.pace),
      row("by hand, second time", second.byHand),
      share("the library's share", second.pace, second.byHand)
    ]
  )
}

/** What the console shows. */
export const tables = (figures: Figures): string =>
  [memoryTable, tokensTable, heapTable, coldTable, paceTable].map((each) => each(figures)).join("\n\n")

/** Heap against the number of tenants. */
export const plot = ({ entries, rounds: [round] }: Figures): string => {
  const line = (name: string, { dropped, samples }: Growth): Plot.Line => {
    const before = samples[0]?.heap ?? Number.NaN
    const above = (heap: number) => Math.max(0, (heap - before) / megabyte)
    return {
      name,
      points: samples.map(({ heap, tenants }) => ({ x: tenants, y: above(heap) })),
      mark: { x: 0, y: above(dropped.heap) }
    }
  }
  return Plot.svg({
    title: "Heap against idle tenants, after garbage collection",
    note: "The rings at 0: after all were dropped.",
    x: "tenants, each with its token and its API's place",
    y: "heap in use, MB above the start",
    lines: [line("cxone-auth tenants", round), line("LayerMap entries alone", entries)]
  })
}

/** The file; the plot is beside it. */
export const markdown = (figures: Figures, machine: Machine, plotFile: string): string => {
  const { atOnce, cold, samples, tenants } = figures.settings
  const count = number(tenants)
  return `# ${count} tenants in one process

Written by \`pnpm bench:tenants\`. All figures are from one run.

**What.** ${count} tenants in one Node process. Each has its own \`CxoneHttpClient.layer()\` over its own \`CxoneAuth.layer\`, with
\`Credentials.accessKey\` and \`CxoneEnvironment.discover\`. \`LayerMap.Service\` makes them when a tenant is first used (\`idleTimeToLive\` of an hour). All share one \`HttpClient\` (\`NodeHttpClient.layerUndici\`). CXone is
a plain \`node:http\` server on loopback, in a process of its own. Its tokens are JWTs of ${number(figures.tokenLength)} characters
that live for an hour.

**What is checked.** The first call of a tenant makes exactly four requests: openid-configuration, token,
cxone-configuration, API. Each tenant has an API base URL of its own. The server answers 403 unless the token, the
base URL and the path belong to the same tenant. One answer other than 200, or one request more or less, would end
the benchmark with an error.

**Where.** ${machine.cores} cores (${machine.processor}), ${machine.system}, Node ${machine.node}. The server and
whatever else ran there used the same cores. The library is compiled from its source in the same way as the npm package.

## Memory

The figures are bytes after two forced garbage collections, less those before the first tenant, divided by ${count}. All
tenants are made twice, and dropped by \`invalidate\` each time. What is left after the first time is what Node has
compiled and keeps. A leak would show after the second time.

${memoryTable(figures)}

\`LayerMap\` alone is the same map with layers that hold nothing. Its entry has a scope, a timer and a fiber that waits
for the idle time to pass. The rss is the memory pages of the process; Node keeps most of them for later use.

${tokensTable(figures)}

![Heap against the number of tenants](${plotFile})

${heapTable(figures)}

## Time to the first answer

The time is counted from the start until the answer of the first API call. "By hand" means the same four requests, one
after the other, with the same \`HttpClient\`, without a cache and without checks. The
library's share is the difference between the time with the library and the time by hand.

One tenant after the other, ${number(cold)} with and ${number(cold)} without the library, by turns. The last row is the difference of the
percentiles:

${coldTable(figures)}

All ${count}, ${atOnce} at once. Processor time is that of the measured process, without the server's:

${paceTable(figures)}

## Again

\`\`\`sh
npx -y pnpm@10.34.9 bench:tenants        # ${count} tenants
npx -y pnpm@10.34.9 bench:tenants 1000   # fewer
\`\`\`

\`BENCH_COLD\` (${number(cold)}), \`BENCH_AT_ONCE\` (${atOnce}) and \`BENCH_SAMPLES\` (${samples}) are settings, too. Times depend on what else the machine
does; bytes hardly do.
`
}
