import { describe, expect, it } from "@effect/vitest"
import { CallPolicy } from "cxone-auth"
import { Array, Duration, Effect, Either } from "effect"
import * as Throttle from "../../src/throttle/Throttle.js"

const origin = "https://api.test"
const policy = CallPolicy.defaults
const limitOf = (route: string): Throttle.Limit => ({ key: `${origin} ${route}`, origin, route })

describe("C4: Throttle, the lines of many limits", () => {
  it.scoped("a route that each 429 names anew takes the place of one line", () =>
    Effect.gen(function* () {
      const throttle = yield* Throttle.make(() => {})
      const visitor = () => throttle.visitor(0, policy.maxWaitingCalls)
      const close = (limit: Throttle.Limit) =>
        throttle.close(limit, visitor(), { retryAfter: Duration.minutes(1) }, policy)
      const isOpen = (route: string) =>
        Effect.map(
          Effect.either(
            throttle.through(
              () => limitOf(route),
              visitor(),
              Effect.void,
              () => Effect.void
            )
          ),
          Either.isRight
        )

      yield* close(limitOf("GET /a"))
      for (const n of Array.range(1, 300)) {
        yield* throttle.rename(limitOf("GET /a"), { name: `name ${n}`, route: undefined })
      }
      yield* close(limitOf("GET /b"))
      expect([yield* isOpen("GET /b"), yield* isOpen("GET /c")]).toEqual([false, true])
    })
  )
})
