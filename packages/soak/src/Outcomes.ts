/** What became of what the app did: counted, never kept, or the soak itself would grow. */
import { Cause, Context, Effect, Exit, Option, Predicate, Ref } from "effect"
import type { Counts, Done } from "./Report.js"

export interface OutcomesService {
  /** Runs it, and counts what comes of it. Its failures end here, defects too. */
  readonly count: <E, R>(what: "calls" | "tokens", doing: Effect.Effect<unknown, E, R>) => Effect.Effect<void, never, R>
  /** Notes that a call was left. */
  readonly abandon: Effect.Effect<void>
  readonly done: Effect.Effect<Done>
}

export class Outcomes extends Context.Tag("soak/Outcomes")<Outcomes, OutcomesService>() {}

const more = (counts: Counts, kind: string): Counts => ({ ...counts, [kind]: (counts[kind] ?? 0) + 1 })

// An error's tag, its reason where it has one, and the status where that is the reason.
const kindOf = (error: unknown): string => {
  const words = [
    Predicate.hasProperty(error, "_tag") ? error._tag : "not tagged",
    Predicate.hasProperty(error, "reason") ? error.reason : undefined,
    Predicate.hasProperty(error, "response") &&
    Predicate.hasProperty(error, "reason") &&
    error.reason === "StatusCode" &&
    Predicate.hasProperty(error.response, "status")
      ? error.response.status
      : undefined
  ]
  return words.filter(Predicate.isNotUndefined).join(" ")
}

/** The kind of a failure. What is neither an error nor a wish of the caller is a kind of its own, so that it shows. */
const kindOfCause = (cause: Cause.Cause<unknown>): string => {
  if (Option.isSome(Cause.dieOption(cause))) {
    return "Defect"
  }
  return Option.match(Cause.failureOption(cause), { onNone: () => "Interrupted", onSome: kindOf })
}

const failed = (done: Done, cause: Cause.Cause<unknown>): Done => {
  const kind = kindOfCause(cause)
  return {
    ...done,
    failures: more(done.failures, kind),
    examples: kind in done.examples ? done.examples : { ...done.examples, [kind]: Cause.pretty(cause).slice(0, 500) }
  }
}

export const make: Effect.Effect<OutcomesService> = Effect.map(
  Ref.make<Done>({ calls: 0, tokens: 0, abandoned: 0, failures: {}, examples: {} }),
  (state) => ({
    count: (what, doing) =>
      Effect.flatMap(Effect.exit(doing), (exit) =>
        Ref.update(state, (before) => {
          const done = { ...before, [what]: before[what] + 1 }
          return Exit.isSuccess(exit) ? done : failed(done, exit.cause)
        })
      ),
    abandon: Ref.update(state, (done) => ({ ...done, abandoned: done.abandoned + 1 })),
    done: Ref.get(state)
  })
)
