import { describe, expect, it } from "@effect/vitest"
import { CredentialsUnavailable, CxoneAuth } from "cxone-auth"
import { Effect, Ref, TestClock } from "effect"

describe("the status of the service for tests", () => {
  it.effect("says since when it has been failing, as that of the service does", () =>
    Effect.gen(function* () {
      const isDown = yield* Ref.make(true)
      const answer = Effect.flatMap(Ref.get(isDown), (down) =>
        down ? new CredentialsUnavailable({ reason: "failed" }) : Effect.succeed("a-token")
      )
      yield* Effect.gen(function* () {
        const { accessToken, status } = yield* CxoneAuth
        yield* Effect.flip(accessToken)
        yield* TestClock.adjust("10 minutes")
        yield* Effect.flip(accessToken)
        expect(yield* status).toMatchObject([{ failingSince: 0, lastFailure: { at: 600_000 } }])
        yield* Ref.set(isDown, false)
        yield* accessToken
        expect((yield* status)[0]).not.toHaveProperty("failingSince")
      }).pipe(Effect.provide(CxoneAuth.layerTest(answer)))
    })
  )
})
