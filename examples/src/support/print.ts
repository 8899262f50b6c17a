import { Console, Effect, Logger, LogLevel } from "effect"

/** Hides the warnings of the library, because an example prints itself what went wrong, and means it to. */
export const withoutWarnings = Logger.minimumLogLevel(LogLevel.Error)

/** Prints a line: what was done, its result, and a remark. */
export const line = (what: string, outcome: string, remark = ""): Effect.Effect<void> =>
  Console.log(`${what.padEnd(24)}${outcome.padEnd(28)}${remark}`.trimEnd())

/** Breaks a text into lines for a terminal, each with an indent. */
export const wrapped = (text: string, indent: string): string =>
  text.replace(/(.{1,94})(?: |$)/g, `${indent}$1\n`).trimEnd()

/** A duration, as text. */
export const took = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

/** Makes the process end with a failure. */
export const exitWithFailure: Effect.Effect<void> = Effect.sync(() => {
  process.exitCode = 1
})
