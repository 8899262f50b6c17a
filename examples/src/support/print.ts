import { Console, Effect } from "effect"

/** A line of the story: what was done, what came of it, and what there is to say about that. */
export const line = (what: string, outcome: string, remark = ""): Effect.Effect<void> =>
  Console.log(`${what.padEnd(24)}${outcome.padEnd(28)}${remark}`.trimEnd())

/** A text in lines that a terminal can show, each after the indent. */
export const wrapped = (text: string, indent: string): string =>
  text.replace(/(.{1,94})(?: |$)/g, `${indent}$1\n`).trimEnd()

/** How long something took. */
export const took = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

/** Lets the process fail once it is over. */
export const exitWithFailure: Effect.Effect<void> = Effect.sync(() => {
  process.exitCode = 1
})
