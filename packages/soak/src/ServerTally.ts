/** What the provider saw. */
import type { RecordedRequest } from "cxone-auth-testkit"
import { Array, Either, Encoding, Option, Schema } from "effect"
import * as Faults from "./Faults.js"
import type { Counts } from "./Report.js"

export interface ServerTally {
  readonly calls: number
  readonly exchanges: number
  readonly faults: Counts
  /** Calls with a token that had ended, or that was never handed out. */
  readonly late: number
}

export const empty: ServerTally = { calls: 0, exchanges: 0, faults: {}, late: 0 }

/** Adds one of what no request has to suffer alone. */
export const addFault = (tally: ServerTally, name: string): ServerTally => ({
  ...tally,
  faults: { ...tally.faults, [name]: (tally.faults[name] ?? 0) + 1 }
})

const tokenOf = ({ headers }: RecordedRequest): string => (headers.authorization ?? "").replace(/^Bearer /, "")

const decodeIssued = Schema.decodeOption(Schema.parseJson(Schema.Struct({ iat: Schema.Number })))

// The whole second in which the simulator handed it out.
const issuedIn = (token: string): number =>
  Option.match(
    Option.flatMap(Either.getRight(Encoding.decodeBase64UrlString(token.split(".")[1] ?? "")), decodeIssued),
    {
      onNone: () => Number.POSITIVE_INFINITY,
      onSome: ({ iat }) => iat
    }
  )

/**
 * Adds what was recorded since `since`, when the provider forgot all tokens. The simulator answers 401 to a token that
 * has ended, been revoked, or been forgotten. The last two it was told to do, and a request that it delayed may have
 * arrived in time: every other 401 is a token that was sent too late.
 */
export const add = (tally: ServerTally, requests: ReadonlyArray<RecordedRequest>, since: number): ServerTally => {
  const [exchanges, calls] = Array.partition(requests, ({ endpoint }) => endpoint === "api")
  const revoked = new Set(
    calls
      .filter(({ fault }) => Option.exists(fault, ({ _tag }) => _tag === "RevokeToken"))
      .map((request) => tokenOf(request))
  )
  const isLate = (request: RecordedRequest): boolean =>
    Option.contains(request.status, 401) &&
    Option.isNone(request.fault) &&
    !revoked.has(tokenOf(request)) &&
    issuedIn(tokenOf(request)) > Math.floor(since / 1000)

  const counted: ServerTally = {
    ...tally,
    calls: tally.calls + calls.length,
    exchanges: tally.exchanges + exchanges.length,
    late: tally.late + calls.filter(isLate).length
  }
  return Array.reduce(Array.filterMap(requests, Faults.nameOf), counted, addFault)
}
