/** What only a race shows: the body ends, or is given up, between two steps of a reader. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Stream } from "effect"
import { ResponseBody } from "../src/ResponseBody.js"

const most = Number.POSITIVE_INFINITY
const part = Buffer.from("abc")

describe("a body", () => {
  it.effect("that ends just before its reader waits is read", () =>
    Effect.gen(function* () {
      const body = new ResponseBody()
      body.push(part)
      const whole = body.whole(most)
      body.end()
      expect(String(yield* whole)).toBe("abc")
    })
  )

  it.effect("that fails just before its reader waits fails for it", () =>
    Effect.gen(function* () {
      const body = new ResponseBody()
      const whole = body.whole(most)
      body.fail("broken")
      expect(yield* Effect.either(whole)).toStrictEqual(Either.left("broken"))
    })
  )

  it.effect("that is given up hands out nothing of what it holds, and takes no more", () =>
    Effect.gen(function* () {
      const body = new ResponseBody()
      body.push(part)
      body.abort(new Error("given up"))
      body.push(part)
      const parts: Array<Uint8Array> = []
      const error = yield* Effect.flip(Stream.runForEach(body.stream(), (one) => Effect.sync(() => parts.push(one))))
      expect(String(error)).toContain("given up")
      expect(parts).toStrictEqual([])
    })
  )

  it.effect("takes no more after its end", () =>
    Effect.gen(function* () {
      const body = new ResponseBody()
      body.push(part)
      body.end()
      body.push(part)
      expect(String(yield* body.whole(most))).toBe("abc")
    })
  )
})
