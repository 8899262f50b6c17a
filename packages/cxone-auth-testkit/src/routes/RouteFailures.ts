import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { type IncomingRequest, pathOf } from "../http/IncomingRequest.js"

/** What went wrong in routes of the option `api`: mistakes of the test, which an app under test may well survive. */
export interface RouteFailures {
  /** Logs a failure, and keeps it. */
  readonly add: (incoming: IncomingRequest, what: string, cause: Cause.Cause<unknown>) => Effect.Effect<void>
  /** The failures since the last time. */
  readonly take: () => ReadonlyArray<Error>
}

export const mistake = "CxoneSimulator: correct the option `api`."

/** The first error of a cause, as a line or more. */
export const shown = (cause: Cause.Cause<unknown>): string => String(Cause.prettyErrors(cause)[0] ?? "")

export const make = (): RouteFailures => {
  const failures: Array<Error> = []
  return {
    add: (incoming, what, cause) =>
      Effect.suspend(() => {
        const of = `${incoming.method} ${pathOf(incoming)}`
        const why = Cause.isEmpty(cause) ? "" : `: ${shown(cause)}`
        failures.push(new Error(`${mistake} ${what} (${of})${why}`, { cause: Cause.squash(cause) }))
        return Effect.logError(`${mistake} ${what}`, ...(Cause.isEmpty(cause) ? [] : [cause]))
      }),
    take: () => failures.splice(0)
  }
}

/** All of them, for the end of a test. */
export const together = (failures: ReadonlyArray<Error>): Error => {
  const [first] = failures
  return failures.length === 1 && first !== undefined
    ? first
    : new AggregateError(failures, failures.map(({ message }) => message).join("\n"))
}
