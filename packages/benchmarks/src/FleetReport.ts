/** The report on a fleet for a person: the table, the plot, and the text around them. */
import * as FleetDay from "./FleetDay.js"
import type { Machine } from "./Machine.js"
import * as Plot from "./Plot.js"
import { number, table } from "./Table.js"

export interface FleetFigures {
  readonly settings: FleetDay.FleetSettings
  readonly days: ReadonlyArray<FleetDay.Day>
}

/** The fleet for which the figures are also computed. */
const large = 100_000

/** The first half hour has the start in it, which happens once, and no renewal. */
const isLater = (time: number) => time >= FleetDay.hour / 2
const isStart = (time: number) => !isLater(time)

const longest = (waits: ReadonlyArray<FleetDay.Wait>): string =>
  waits.length === 0 ? "-" : number(Math.max(...waits.map(({ millis }) => millis)))

export const dayTable = ({ days, settings }: FleetFigures): string => {
  const { hours } = settings
  const row = (name: string, figure: (day: FleetDay.Day) => string) => [name, ...days.map(figure)]
  const start = (times: ReadonlyArray<number>) => number(FleetDay.peak(times.filter(isStart)))
  const later = (times: ReadonlyArray<number>) => number(FleetDay.peak(times.filter(isLater)))
  return table(
    ["", ...days.map(({ scenario }) => scenario.name)],
    [
      row("exchanges in all", ({ exchanges }) => number(exchanges.length)),
      row("exchanges an hour", ({ exchanges }) => number(exchanges.length / hours, 1)),
      row("most exchanges in a second, at the start", ({ exchanges }) => start(exchanges)),
      row("most exchanges in a second, after the first half hour", ({ exchanges }) => later(exchanges)),
      row("operations of the store in all", ({ operations }) => number(operations.length)),
      row("most operations in a second, at the start", ({ operations }) => start(operations)),
      row("most operations in a second, after the first half hour", ({ operations }) => later(operations)),
      row("calls", ({ calls }) => number(calls)),
      row("calls that failed", ({ failed }) => number(failed)),
      row("calls that waited for a token", ({ waits }) => number(waits.length)),
      row("of these after the first half hour", ({ waits }) => number(waits.filter(({ at }) => isLater(at)).length)),
      row("longest wait, ms", ({ waits }) => longest(waits))
    ]
  )
}

const slot = 120_000
const shownHours = 4

/** Exchanges by time, in the first hours. */
export const plot = ({ days, settings }: FleetFigures): string => {
  const end = Math.min(settings.hours, shownHours) * FleetDay.hour
  return Plot.svg({
    title: `Token requests of ${number(settings.processes)} processes that start within a minute`,
    note: `In each ${slot / 60_000} minutes. The start itself is not shown: there, each process that is alone makes one.`,
    x: "minutes",
    y: `exchanges in ${slot / 60_000} minutes`,
    lines: days
      .filter(({ scenario }) => scenario.hasJitter || !scenario.hasStore)
      .map(({ exchanges, scenario }) => {
        const points = FleetDay.slots(exchanges, slot, end)
          .map((count, index) => ({ x: ((index + 0.5) * slot) / 60_000, y: count }))
          .slice(FleetDay.started / slot + 1)
        const highest = points.reduce((one, other) => (other.y > one.y ? other : one), { x: 0, y: 0 })
        return { name: scenario.name, points, ...(scenario.hasStore ? {} : { named: highest }) }
      })
  })
}

/** What the figures say of a larger fleet. */
const ofLarge = ({ days, settings }: FleetFigures): string => {
  const { hours, processes } = settings
  const of = (hasStore: boolean) => days.find(({ scenario }) => scenario.hasStore === hasStore && scenario.hasJitter)
  const [alone, shared] = [of(false), of(true)]
  const factor = large / processes
  const peakOf = (times: ReadonlyArray<number> = []) => FleetDay.peak(times.filter(isStart))
  const laterPeak = (times: ReadonlyArray<number> = []) => FleetDay.peak(times.filter(isLater))
  return `Processes that are alone know nothing of each other, so their exchanges grow with their number: ${number(((alone?.exchanges.length ?? 0) / hours) * factor)} an
hour for ${number(large)} processes with jitter; and if all of them start within the same minute, about ${number(peakOf(alone?.exchanges) * factor)} in the worst
second of it. That is computed, not measured: the figures above by ${number(factor)}. With a store the exchanges don't grow:
there is one for each life of a token, ${number(shared?.exchanges.length ?? 0)} in ${hours} hours, because the first draw of all renews the token. With more processes that
draw comes a little sooner, but no sooner than the longest jitter, ${number(FleetDay.shortestLife / 60_000, 1)} minutes after the request. So there are at
most ${number(Math.ceil((24 * FleetDay.hour) / FleetDay.shortestLife))} in 24 hours, however many processes there are. What grows is the work of the store, by ${number(factor)} too: about ${number(peakOf(shared?.operations) * factor)} operations in the worst second of the
start, and ${number(laterPeak(shared?.operations) * factor)} in the worst second of a renewal. The peaks of a larger fleet are a little flatter than that, because
chance evens out.`
}

/** The file; the plot is beside it. */
export const markdown = (figures: FleetFigures, machine: Machine, plotFile: string): string => {
  const { hours, processes } = figures.settings
  const { quickest, slowest } = FleetDay.paces
  return `# A fleet on paper: ${number(processes)} processes in ${hours} hours

Written by \`pnpm bench:fleet\`. All figures are from one run.

**What.** ${number(processes)} services of the real \`CxoneAuth\` in one process and in virtual time: the clock jumps from one timer to the
next. All start within a minute. The busiest make a call every ${quickest / 1_000} s in the mean, and the idlest every ${slowest / 1_000} s; each
draws its pace, and every pause. Tokens live for an hour, and an exchange takes 200 ms. With a store, each service is made by \`CxoneAuth.layerShared\` over a \`TokenStore\` of its own, with its own breaker.
All of these share one place in memory, in which an operation takes ${FleetDay.storeLatency} ms, encryption included. Alone means
\`CxoneAuth.layer\`. "Without jitter" means \`refreshAheadJitter: 0\`.

**What is left out.** The network, the processor's time, and restarts. Calls before a token's last six and a half
minutes are drawn and counted, but not made, because no call can renew the token then: the library only hands it out. All
that is random is seeded, so a run has the same figures as the one before.

**Where.** Node ${machine.node}. The machine does not matter, because no time is measured.

${dayTable(figures)}

![Token requests by time](${plotFile})

**When a fleet renews.** Each process draws for itself how long before the margin it renews. Alone, each renews at its own draw, and
the traffic spreads the renewals further, as a renewal begins with a call. With a store, the first draw of all renews
for all: the others find the new token at the first call after their own draw. So the jitter does not spread exchanges there, of
which there is one. It spreads the looks at the store: the window of a shared token opens for all at the same moment.

**${number(large)} processes.** ${ofLarge(figures)}

## Again

\`\`\`sh
npx -y pnpm@10.34.9 bench:fleet          # 2,000 processes, 24 hours
npx -y pnpm@10.34.9 bench:fleet 1000 3   # fewer
\`\`\`
`
}
