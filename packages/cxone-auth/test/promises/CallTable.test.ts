/** C2, C3 and C4 as a table: every status, challenge, method and kind of body, on sockets. */
import { HttpBody, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Effect, Either, Layer, Redacted, Stream } from "effect"
import { transports } from "../support/Transports.js"

type Transport = (typeof transports)[number][0]

const challenges = {
  none: undefined,
  "Bearer alone": 'Bearer realm="api"',
  invalid_token: 'Bearer realm="api", error="invalid_token"',
  insufficient_scope: 'Bearer error="insufficient_scope", scope="write:users"',
  "another Bearer error": 'Bearer error="account_locked"',
  "another scheme": 'Basic realm="x"',
  "another scheme, and Bearer": 'Basic realm="x", Bearer error="invalid_token"',
  malformed: 'Bearer realm="open'
} as const
type Challenge = keyof typeof challenges
const everyChallenge = Object.keys(challenges) as ReadonlyArray<Challenge> // `Object.keys` gives `string` for the type of keys.

const bytes = new TextEncoder().encode('{"text":"é"}')
const form = () => {
  const data = new FormData()
  data.set("file", new Blob([bytes]), "a.json")
  return HttpBody.formData(data)
}
const bodies = {
  none: () => HttpBody.empty,
  json: () => HttpBody.unsafeJson({ text: "é" }),
  text: () => HttpBody.text("é"),
  bytes: () => HttpBody.uint8Array(bytes),
  form,
  params: () => HttpBody.urlParams([["a", "é &="]]),
  stream: () => HttpBody.stream(Stream.make(bytes))
} as const
type Body = keyof typeof bodies
const everyBody = Object.keys(bodies) as ReadonlyArray<Body> // As above.

const methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] as const

interface Row {
  readonly method: (typeof methods)[number]
  readonly body: Body
  readonly status: number
  readonly challenge: Challenge
  readonly retryAfter?: string
  /** How many requests get this answer; later ones get 404. */
  readonly times: number
}

const answers: ReadonlyArray<Pick<Row, "status" | "challenge" | "retryAfter">> = [
  ...everyChallenge.flatMap((challenge) => [401, 403].map((status) => ({ status, challenge }))),
  ...[200, 204, 301, 304, 400, 404, 409, 418, 429, 500, 502, 503, 504].map((status) => ({
    status,
    challenge: "none" as const
  })),
  ...[400, 429, 500].map((status) => ({ status, challenge: "invalid_token" as const })),
  // A Retry-After of zero counts as none, so that no call waits for longer than the policy of this test says.
  ...[429, 503].map((status) => ({ status, challenge: "none" as const, retryAfter: "0" }))
]

const requests = methods.flatMap((method) =>
  // A body of these methods has no meaning (RFC 9110 §9.3.1), and fetch does not send it.
  ["GET", "HEAD", "OPTIONS"].includes(method)
    ? [{ method, body: "none" as const }]
    : everyBody.map((body) => ({ method, body }))
)

type Answer = (typeof answers)[number]

const mayBeAnsweredTwice = ({ status }: Answer) => [401, 429, 503].includes(status)

const saysNotYet = ({ retryAfter, status }: Answer) => status === 429 || (status === 503 && retryAfter !== undefined)

/** Over one transport each answer meets each request. */
const isWhole = (transport: Transport) => transport === "undici"

/**
 * Over the others each answer meets these three requests, and each request meets these answers. What the library makes
 * of a challenge does not depend on the transport that the text came over.
 */
const isTypical = ({ body, method }: (typeof requests)[number], { challenge, status }: Answer): boolean =>
  ["GET none", "POST json", "PUT stream"].includes(`${method} ${body}`) ||
  (challenge === "none" && [200, 301, 304, 401, 429, 503].includes(status)) ||
  (challenge === "insufficient_scope" && status === 403)

const rowsOf = (answer: Answer, transport: Transport): ReadonlyArray<Row> =>
  requests
    .filter((request) => isWhole(transport) || isTypical(request, answer))
    .flatMap((request) =>
      (mayBeAnsweredTwice(answer) ? [1, 2] : [1]).map((times) => ({ ...request, ...answer, times }))
    )

/** Whether the transport cannot send this request, with or without a token. */
const isBeyond = (transport: Transport, { body, method }: Row): boolean =>
  // Undici takes a FormData of its own class only; node:http frames no body of unknown length in a DELETE.
  (transport === "undici" && body === "form") ||
  (transport === "node:http" && method === "DELETE" && (body === "form" || body === "stream"))

/** RFC 9110 §9.2.2. Marking these idempotent changes nothing. */
const isIdempotent = (method: string): boolean => method !== "POST" && method !== "PATCH"

interface Outcome {
  /** The token of each request: the first one, or the renewed one. */
  readonly sent: ReadonlyArray<"first" | "renewed" | "another">
  readonly exchanges: number
  readonly seen: string
}

/** The rules C2, C3 and C4, written as short as possible and without the library. */
const rulesFor = (row: Row, transport: Transport, mode: "fail" | "wait", isMarked: boolean): Outcome => {
  const { body, challenge, method, status, times } = row
  const afterwards = "404"
  const refusesToken = status === 401 && challenge !== "insufficient_scope"
  const isTooEarly = saysNotYet(row)

  if (refusesToken && body === "stream") {
    return { sent: ["first"], exchanges: 1, seen: "InvalidToken body_not_replayable" }
  }
  if (refusesToken) {
    return {
      sent: ["first", "renewed"],
      exchanges: 1,
      seen: times === 1 ? afterwards : "InvalidToken refused_again"
    }
  }
  if (isTooEarly && mode === "wait" && (isMarked || isIdempotent(method)) && body !== "stream") {
    return { sent: ["first", ...Array<"first">(times).fill("first")], exchanges: 0, seen: afterwards }
  }
  if (isTooEarly) {
    return { sent: ["first"], exchanges: 0, seen: "RateLimited api" }
  }
  if ((status === 401 || status === 403) && challenge === "insufficient_scope") {
    return { sent: ["first"], exchanges: 0, seen: "InsufficientScope insufficient_scope" }
  }
  // To follow a redirect, fetch would have to keep a copy of the stream.
  const isLost = transport === "fetch" && status === 301 && body === "stream"
  return { sent: ["first"], exchanges: 0, seen: isLost ? "RequestError Transport" : String(status) }
}

/** Each row has a path of its own. With digits, its last part would be an id. */
const letters = (index: number): string => index.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "")

const play = (row: Row, path: string, isMarked: boolean) =>
  Effect.gen(function* () {
    const { inject, clearFaults, requestsTo } = yield* CxoneSimulator
    const auth = yield* CxoneAuth
    const cxone = yield* CxoneHttpClient
    const first = yield* auth.accessToken
    const [apiBefore, tokenBefore] = [(yield* requestsTo("api")).length, (yield* requestsTo("token")).length]

    const challenge = challenges[row.challenge]
    const headers = {
      ...(challenge === undefined ? {} : { "www-authenticate": challenge }),
      ...(row.retryAfter === undefined ? {} : { "retry-after": row.retryAfter })
    }
    const body = [204, 304].includes(row.status) ? {} : { body: { message: "no" } }
    yield* inject(Fault.respond({ status: row.status, headers, ...body }), { on: "api", times: row.times })
    const request = HttpClientRequest.make(row.method)(path).pipe(HttpClientRequest.setBody(bodies[row.body]()))
    const call = Effect.flatMap(cxone.execute(request), (response) => Effect.as(Effect.exit(response.text), response))
    const result = yield* Effect.either(isMarked ? CxoneHttpClient.withCallOptions({ idempotent: true })(call) : call)
    yield* clearFaults

    const sent = (yield* requestsTo("api")).slice(apiBefore)
    const exchanges = (yield* requestsTo("token")).length - tokenBefore
    const bearer = (token: { readonly value: Redacted.Redacted<string> }) => `Bearer ${Redacted.value(token.value)}`
    const renewed = yield* auth.accessToken
    // A success opens the gate again for the next row.
    if (saysNotYet(row)) {
      yield* Effect.exit(
        cxone.get("/calm").pipe(CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "1 minute" } }))
      )
    }

    const outcome: Outcome = {
      sent: sent.map(({ headers: { authorization } }) =>
        authorization === bearer(first) ? "first" : authorization === bearer(renewed) ? "renewed" : "another"
      ),
      exchanges,
      seen: Either.match(result, {
        onLeft: (error) => `${error._tag} ${error.reason}`,
        onRight: ({ status }) => String(status)
      })
    }
    const bodiesSent = new Set(sent.map((each) => Redacted.value(each.body).replace(/-{4,}[\w-]+/g, "(boundary)")))
    const isAsMade = sent.every(({ method, url }) => method === row.method && url === path) && bodiesSent.size === 1
    return { outcome, isAsMade, isWithBody: !bodiesSent.has("") }
  })

const policy = {
  defaultRetryAfter: "1 millis",
  tokenArrival: 0,
  renewalPause: "1 millis",
  maxRenewalPause: "1 millis",
  maxRenewals: 1_000
} as const

/** What waiting could change: "not yet", also after a token that was refused. */
const answersToPatience = answers.filter(
  (answer) => answer.status === 429 || answer.status === 503 || (answer.status === 401 && answer.challenge === "none")
)

const modes = [
  ["calls that do not wait", "fail", false, answers],
  ["calls that may wait", "wait", false, answersToPatience],
  ["calls that may wait and are marked idempotent", "wait", true, answersToPatience]
] as const

describe.each(transports)("C2, C3, C4: the table of calls over %s", (transport, layer) => {
  it.live.each(modes)(
    "%s: what is sent, how often, with which token, and what the caller gets",
    ([_, mode, isMarked, given]) =>
      Effect.gen(function* () {
        const wrong = yield* Effect.forEach(given, (answer) =>
          Effect.forEach(rowsOf(answer, transport), (row, index) => {
            if (isBeyond(transport, row) || (isMarked && isIdempotent(row.method))) {
              return Effect.succeed([])
            }
            const expected = rulesFor(row, transport, mode, isMarked)
            const isWithBody = row.body !== "none"
            return Effect.map(play(row, `/rows/${letters(index)}?a=1`, isMarked), (played) => {
              const wanted = { outcome: expected, isAsMade: true, isWithBody }
              return JSON.stringify(played) === JSON.stringify(wanted) ? [] : [{ row, played, wanted }]
            })
          }).pipe(
            Effect.provide(
              CxoneHttpClient.layer({
                policy,
                // A success at one path opens the gate of all of them.
                rateLimitKey: "origin",
                onRateLimited: mode === "fail" ? "fail" : { wait: "1 minute" }
              }).pipe(
                Layer.provideMerge(CxoneSimulator.layerAuth({ policy: { retryDelay: "1 millis" } })),
                Layer.provideMerge(CxoneSimulator.layerServer()),
                Layer.provide(layer)
              )
            )
          )
        )
        expect(wrong.flat(2)).toEqual([])
      }),
    60_000
  )
})
