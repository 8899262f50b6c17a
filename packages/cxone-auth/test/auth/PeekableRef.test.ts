import { describe, expect, it } from "@effect/vitest"
import { Effect, Readable, Ref } from "effect"
import { PeekableRef } from "../../src/auth/PeekableRef.js"

describe("PeekableRef", () => {
  it.effect("is an effect/Ref: get, set, update and modify work on it, and peek sees every change", () =>
    Effect.gen(function* () {
      const ref: Ref.Ref<number> & PeekableRef<number> = new PeekableRef(1)
      expect(yield* Ref.get(ref)).toBe(1)
      yield* Ref.set(ref, 2)
      expect(ref.peek()).toBe(2)
      yield* Ref.update(ref, (n) => n + 1)
      expect(ref.peek()).toBe(3)
      expect(yield* Ref.modify(ref, (n) => [`was ${n}`, n + 1])).toBe("was 3")
      expect(yield* Ref.getAndSet(ref, 7)).toBe(4)
      expect(yield* Ref.updateAndGet(ref, (n) => n * 2)).toBe(14)
      expect(yield* ref).toBe(14)
      expect(yield* ref.get).toBe(14)
    })
  )

  it("is known as a Ref and as a Readable", () => {
    const ref = new PeekableRef(1)
    expect(Readable.isReadable(ref)).toBe(true)
    expect(ref[Readable.TypeId]).toBe(Readable.TypeId)
    expect(ref[Ref.RefTypeId]._A(1)).toBe(1)
  })

  it.effect("changes only when the effect runs", () =>
    Effect.gen(function* () {
      const ref = new PeekableRef(1)
      const increment = Ref.update(ref, (n) => n + 1)
      expect(ref.peek()).toBe(1)
      yield* increment
      yield* increment
      expect(ref.peek()).toBe(3)
    })
  )
})
