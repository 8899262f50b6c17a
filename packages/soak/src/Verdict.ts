/** What the findings mean. */
import { Array, Option, Record } from "effect"
import type { Findings } from "./Findings.js"
import type { Counts, Report } from "./Report.js"

export interface Check {
  readonly name: string
  readonly found: string
  readonly passed: boolean
  /** What a person who has to find the cause wants to know. */
  readonly details: ReadonlyArray<string>
}

interface Explanation {
  readonly faults: ReadonlyArray<string>
  /** Whether each fault explains one failure. Those of the token endpoint are told to all who wait for the token. */
  readonly each: boolean
}

const one = (...faults: ReadonlyArray<string>): Explanation => ({ faults, each: true })
const shared = (...faults: ReadonlyArray<string>): Explanation => ({ faults, each: false })

/**
 * The failures that are expected, each with the faults that explain it. Every other fails the soak, and so does one
 * that is met without its fault, or more often than a fault that strikes one call. A body that breaks off, a time-out
 * and a 5xx are tried again; what is told is the last of them.
 */
const explanations: { readonly [kind: string]: Explanation } = {
  "RequestError Transport": one("api ConnectionReset"),
  "ResponseError Decode": one("api TruncatedBody"),
  "ResponseError StatusCode 503": one("api 503"),
  "RateLimited api": one("api 429"),
  // `Traffic` tells apart the calls that are held back for a reason and those that are not.
  "RateLimited held_back": shared("api 429"),
  "InsufficientScope insufficient_scope": one("api 403"),
  // The renewed token was revoked too, or was on its way when the provider forgot it.
  "InvalidToken refused_again": shared("api RevokeToken", "provider Restart"),
  "RateLimited token_endpoint": shared("token 429"),
  "TokenEndpointUnavailable status": shared("token 503"),
  "TokenEndpointUnavailable transport": shared("token ConnectionReset", "token TruncatedBody"),
  "TokenEndpointUnavailable timeout": shared("token Delay"),
  "InvalidClient invalid_client": shared("token 401"),
  // A token of 2 s is past its margin 1.5 s after it was asked for, half a second after the time-out of the attempt.
  "InvalidTokenResponse expired": shared("app Stall")
}

/** Whether so many failures of this kind are what these faults explain. */
export const isExplained = (kind: string, count: number, faults: Counts): boolean => {
  const explanation = Record.get(explanations, kind)
  return Option.exists(explanation, ({ each, faults: names }) => {
    const injected = Array.reduce(names, 0, (sum, name) => sum + (faults[name] ?? 0))
    return each ? count <= injected : injected > 0
  })
}

const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const megabyte = 1024 * 1024
const inMegabytes = (bytes: number): string => (bytes / megabyte).toFixed(1)

/**
 * Samples differ by what is in flight at the moment, 200 calls at the most with some kilobytes each: by 2 MB. What node
 * compiles and caches adds up to 4 MB more in the first half minute, and then no more: measured over 55,000 calls. A
 * kilobyte that is kept of each call is 9 MB in a soak of a minute; what is less is to be looked for with more minutes.
 * No percentage: most of the heap is code, which says nothing of what may be added.
 */
const growthLimit = 6 * megabyte

export const heapQuarters = ({ heap }: Pick<Report, "heap">): readonly [first: number, last: number] => {
  const quarter = Math.ceil(heap.length / 4)
  return [median(heap.slice(0, quarter)), median(heap.slice(-quarter))]
}

/** One is held for each of the four sets of scopes, one is remembered as refused; the rest is for the stack. */
const tokensLimit = 12

/** Two in a row let half a second pass that no time-out could end. */
const longStall = 250

const noError = ({ done, longestStall }: Report, injected: Counts): Check => {
  const faults = { ...injected, "app Stall": longestStall >= longStall ? 1 : 0 }
  const unexpected = Object.entries(done.failures).filter(([kind, count]) => !isExplained(kind, count, faults))
  return {
    name: "no unexpected error",
    found: `${Array.reduce(unexpected, 0, (sum, [, count]) => sum + count)}`,
    passed: unexpected.length === 0,
    details: unexpected.map(([kind, count]) => `${count} x ${kind}. The first: ${done.examples[kind]}`)
  }
}

const noneLate = ({ done }: Report, late: number): Check => {
  const handedOut = done.failures["WrongToken late"] ?? 0
  return {
    name: "no token served late",
    found: `${handedOut} handed out, ${late} arrived`,
    passed: handedOut + late === 0,
    details: ["handed out: when its margin had begun; arrived: when it had ended"]
  }
}

const noGrowth = (report: Report): Check => {
  const [first, last] = heapQuarters(report)
  return {
    name: "no growth of memory",
    found: `${inMegabytes(first)} to ${inMegabytes(last)} MB, ${report.tokensAlive} tokens`,
    // What is not a number, for want of samples, does not pass.
    passed: last - first <= growthLimit && report.tokensAlive <= tokensLimit,
    details: [`limits: ${inMegabytes(growthLimit)} MB more, ${tokensLimit} tokens in all`]
  }
}

const nothingLeft = ({ fibersLeft, handlesLeft }: Report, exit: Findings["exit"]): Check => ({
  name: "no fiber or handle left",
  found: `${fibersLeft.length} fibers, ${handlesLeft.length} handles`,
  passed: fibersLeft.length + handlesLeft.length === 0 && Option.exists(exit, ({ code }) => code === 0),
  details: [
    `fibers: ${fibersLeft.join(" ") || "none"}; handles: ${handlesLeft.join(" ") || "none"}; ` +
      Option.match(exit, {
        onNone: () => "the process did not end, and was killed",
        onSome: ({ code, millis }) => `the process ended with ${code} after ${Math.round(millis)} ms`
      })
  ]
})

/** Every check on one transport. */
export const checks = ({ exit, report, server }: Findings): ReadonlyArray<Check> =>
  Option.match(report, {
    onNone: () => [
      {
        name: "a report",
        found: "none",
        passed: false,
        details: [
          `The app ended without one (${Option.match(exit, { onNone: () => "killed", onSome: ({ code }) => `code ${code}` })})`
        ]
      }
    ],
    onSome: (report) => [
      noError(report, server.faults),
      noneLate(report, server.late),
      noGrowth(report),
      nothingLeft(report, exit)
    ]
  })
