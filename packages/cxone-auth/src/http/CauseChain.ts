import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"

// Deeper than anybody nests, and a chain of causes can be a circle.
const maxDepth = 10

/** A failure, the one that caused it, the one that caused that, and so on. */
export function* of(failure: unknown): Generator<object> {
  for (let depth = 0, error = failure; depth < maxDepth && Predicate.isObject(error); depth++) {
    yield error
    error = causeOf(error)
  }
}

const causeOf = (error: object): unknown => {
  if (Cause.isCause(error)) {
    return Cause.squash(error)
  }
  if (Runtime.isFiberFailure(error)) {
    return error[Runtime.FiberFailureCauseId]
  }
  return Predicate.hasProperty(error, "cause") ? error.cause : undefined
}
