import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import * as ScopeSet from "../../src/token/ScopeSet.js"

const scope = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,12}$/)

describe("ScopeSet", () => {
  it("L2: order, repeats and notation do not matter", () => {
    fc.assert(
      fc.property(fc.array(scope), fc.infiniteStream(fc.nat()), (scopes, random) => {
        const numbers = random[Symbol.iterator]()
        const shuffled = [...scopes, ...scopes.slice(0, 2)]
          .map((value) => ({ value, at: numbers.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ value }) => value)
        expect(ScopeSet.make(shuffled)).toEqual(ScopeSet.make(scopes))
        expect(ScopeSet.make(shuffled.join("  "))).toEqual(ScopeSet.make(scopes))
      })
    )
  })

  it("L2: different sets have different keys", () => {
    fc.assert(
      fc.property(fc.array(scope), fc.array(scope), (a, b) => {
        const same = new Set(a).size === new Set(b).size && a.every((value) => b.includes(value))
        expect(ScopeSet.toParameter(ScopeSet.make(a)) === ScopeSet.toParameter(ScopeSet.make(b))).toBe(same)
      })
    )
  })

  it("parse takes every scope of RFC 6749 §3.3, a comma within too, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(scope), (scopes) => {
        expect(ScopeSet.parse(scopes)).toEqual(Either.right(ScopeSet.make(scopes)))
      })
    )
    expect(ScopeSet.parse("read:users,write:users")).toEqual(Either.right(["read:users,write:users"]))
    for (const wrong of ['read "users"', "read\\users", "read:usérs", "read\u0000users", "a\u007f"]) {
      expect(ScopeSet.parse(wrong)).toEqual(Either.left(expect.stringContaining("RFC 6749 §3.3")))
    }
    // What plain JavaScript may pass.
    for (const wrong of [null, 7, ["a", undefined], { a: 1 }]) {
      expect(Reflect.apply(ScopeSet.parse, undefined, [wrong])).toEqual(
        Either.left("must be a string, or a list of strings")
      )
    }
  })

  it("keeps case, because scopes are case-sensitive (RFC 6749 §3.3)", () => {
    expect(ScopeSet.make("Read read")).toEqual(["Read", "read"])
  })
})
