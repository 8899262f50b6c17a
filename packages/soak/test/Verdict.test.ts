import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { Findings } from "../src/Findings.js"
import type { Report } from "../src/Report.js"
import * as ServerTally from "../src/ServerTally.js"
import * as Verdict from "../src/Verdict.js"

const megabyte = 1024 * 1024

const report: Report = {
  _tag: "Report",
  done: { calls: 10, tokens: 5, abandoned: 1, failures: { "RateLimited api": 2 }, examples: {} },
  heap: [30, 30, 31, 30, 30, 30, 31, 30].map((megabytes) => megabytes * megabyte),
  tokensAlive: 4,
  longestStall: 20,
  fibersLeft: [],
  handlesLeft: []
}

const sound: Findings = {
  transport: "fetch",
  server: { ...ServerTally.empty, faults: { "api 429": 2, "token 503": 1 } },
  report: Option.some(report),
  exit: Option.some({ code: 0, millis: 20 })
}

const withReport = (changes: Partial<Report>): Findings => ({
  ...sound,
  report: Option.some({ ...report, ...changes })
})

const withFailures = (failures: Report["done"]["failures"]) => withReport({ done: { ...report.done, failures } })

const failed = (findings: Findings) =>
  Verdict.checks(findings)
    .filter(({ passed }) => !passed)
    .map(({ name }) => name)

describe("Verdict", () => {
  it("passes what is sound", () => {
    assert.deepStrictEqual(failed(sound), [])
  })

  it.each<[string, Findings, ReadonlyArray<string>]>([
    ["a defect", withFailures({ Defect: 1 }), ["no unexpected error"]],
    ["a failure without its fault", withFailures({ "RequestError Transport": 1 }), ["no unexpected error"]],
    [
      "a token that ended on its way through a machine that was not busy",
      withFailures({ "InvalidTokenResponse expired": 1 }),
      ["no unexpected error"]
    ],
    [
      'a call that was held back, if the API never said "not yet"',
      { ...withFailures({ "RateLimited held_back": 1 }), server: ServerTally.empty },
      ["no unexpected error"]
    ],
    [
      "a call that was held back longer than the API asked for",
      withFailures({ "HeldBack unasked": 1 }),
      ["no unexpected error"]
    ],
    ["more failures than faults", withFailures({ "RateLimited api": 3 }), ["no unexpected error"]],
    [
      "a token that is handed out late",
      withFailures({ "WrongToken late": 1 }),
      ["no unexpected error", "no token served late"]
    ],
    ["a token that arrives late", { ...sound, server: { ...sound.server, late: 1 } }, ["no token served late"]],
    [
      "a heap that grows",
      withReport({ heap: [30, 31, 32, 33, 34, 36, 38, 40].map((megabytes) => megabytes * megabyte) }),
      ["no growth of memory"]
    ],
    ["no samples of the heap", withReport({ heap: [] }), ["no growth of memory"]],
    ["tokens that are kept", withReport({ tokensAlive: 100 }), ["no growth of memory"]],
    ["a fiber", withReport({ fibersLeft: ["#7"] }), ["no fiber or handle left"]],
    ["a handle", withReport({ handlesLeft: ["Timeout"] }), ["no fiber or handle left"]],
    ["a process that does not end", { ...sound, exit: Option.none() }, ["no fiber or handle left"]],
    ["an app that crashes", { ...sound, report: Option.none() }, ["a report"]]
  ])("fails %s", (_, findings, expected) => {
    assert.deepStrictEqual(failed(findings), expected)
  })

  it("passes all calls that were held back after one 429", () => {
    assert.deepStrictEqual(failed(withFailures({ "RateLimited held_back": 5_000 })), [])
  })

  it("tells all who wait for a token of one fault at the token endpoint", () => {
    assert.deepStrictEqual(failed(withFailures({ "TokenEndpointUnavailable status": 50 })), [])
  })
})
