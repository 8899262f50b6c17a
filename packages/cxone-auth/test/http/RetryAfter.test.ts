import { describe, expect, it } from "@effect/vitest"
import { Duration, FastCheck as fc, Option } from "effect"
import * as RetryAfter from "../../src/http/RetryAfter.js"

const now = Date.UTC(1994, 10, 6, 8, 49, 0)

const millis = (header: string | undefined) =>
  Option.map(Option.fromNullable(RetryAfter.parse(header, now, Duration.hours(1)).retryAfter), Duration.toMillis)

describe("RetryAfter", () => {
  it.each([
    ["whole seconds", "120", 120_000],
    ["zero", "0", 0],
    ["white space around it", " 7 ", 7_000],
    ["IMF-fixdate (RFC 9110 §5.6.7)", "Sun, 06 Nov 1994 08:49:37 GMT", 37_000],
    ["RFC 850 date", "Sunday, 06-Nov-94 08:49:37 GMT", 37_000],
    ["asctime date, which is GMT in any time zone", "Sun Nov  6 08:49:37 1994", 37_000],
    ["more digits than a number holds", "9".repeat(400), 3_600_000],
    ["a date after the longest time that is believed", "Sun, 06 Nov 1994 10:49:37 GMT", 3_600_000],
    ["decimals, rounded up", "1.5", 2_000],
    ["two lines, which fetch joins by a comma: the longest", "30, 90", 90_000],
    ["the longest first", "90,30", 90_000],
    ["two lines, one of which is malformed", "soon, 30", 30_000],
    ["seconds and dates in one", "30, Sun, 06 Nov 1994 08:49:37 GMT, Sunday, 06-Nov-94 08:49:59 GMT, 7", 59_000],
    ["a date in the past", "Sat, 05 Nov 1994 08:49:37 GMT", 0]
  ])("L7: reads %s", (_, header, expected) => {
    expect(millis(header)).toEqual(Option.some(expected))
  })

  it.each([
    "",
    "soon",
    "-1",
    "1.",
    ".5",
    "-1, -2",
    ",",
    "Thu, 31 Apr 2026 08:49:37 GMT",
    "Sun, 06 Nov 1994 25:49:37 GMT",
    "1e3",
    "0x10",
    "Infinity",
    "NaN",
    "12 s",
    "1994-11-06",
    "Sun, 99 Nov 1994 08:49:37 GMT"
  ])("L7: ignores %j", (header) => {
    expect(millis(header)).toEqual(Option.none())
  })

  it("L7: reads an absent header as none", () => {
    expect(millis(undefined)).toEqual(Option.none())
  })

  it("L7: any header gives none, or a finite duration of zero or more", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.stringMatching(/^\d{1,400}$/)), (header) => {
        const delay = Option.getOrElse(millis(header), () => 0)
        expect(Number.isFinite(delay) && delay >= 0).toBe(true)
      })
    )
  })

  it("L7: reads back any date as the time until then", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const expected = Math.min(3_600_000, Math.max(0, seconds * 1000 - now))
        expect(millis(new Date(seconds * 1000).toUTCString())).toEqual(Option.some(expected))
      })
    )
  })
})
