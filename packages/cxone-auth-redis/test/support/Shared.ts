import { afterAll, beforeAll } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"

/** Opens something before the tests of a file, and ends it after them. */
export const shared = <A, E>(open: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A> => {
  const scope = Effect.runSync(Scope.make())
  let opened: A | undefined
  beforeAll(async () => {
    opened = await Effect.runPromise(Scope.extend(open, scope))
  }, 60_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.suspend(() => (opened === undefined ? Effect.dieMessage("not open") : Effect.succeed(opened)))
}
