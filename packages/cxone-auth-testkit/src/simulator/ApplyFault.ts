/**
 * What a fault makes of a request and of its answer.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Fault, FaultAnswer } from "../faults/Fault.js"
import type { Exceeded } from "../faults/Quotas.js"
import { type ClientGone, ConnectionLost } from "../http/ConnectionError.js"
import { hasBody } from "../http/HttpRules.js"
import * as IncomingRequest from "../http/IncomingRequest.js"
import { truncate } from "../http/ResponseBody.js"
import * as Routes from "../routes/Routes.js"
import type { Registry } from "../tokens/Registry.js"

type Response = HttpServerResponse.HttpServerResponse

interface Handling {
  readonly incoming: IncomingRequest.IncomingRequest
  readonly firstPiece: IncomingRequest.Upload["first"]
  /** Handles the request, as without a fault. */
  readonly answer: Effect.Effect<Response, never, Scope.Scope>
  readonly registry: Registry
}

export const apply = (
  fault: Fault,
  { answer, firstPiece, incoming, registry }: Handling
): Effect.Effect<Response, ConnectionLost | ClientGone, Scope.Scope> => {
  switch (fault._tag) {
    case "Respond":
    case "EarlyAnswer":
      return Effect.succeed(respond(fault))
    // Its wait is a part of the latency.
    case "Delay":
      return answer
    case "BlackHole":
      return Effect.never
    case "ConnectionReset":
      return Effect.fail(new ConnectionLost())
    case "ResetUpload":
      return Effect.zipRight(firstPiece, new ConnectionLost())
    case "TruncatedBody":
      return Effect.map(answer, truncate)
    case "EndlessBody":
      return Effect.succeed(endless(fault))
    case "RevokeToken":
      return before(Option.map(IncomingRequest.credentialsOf(incoming, "bearer"), registry.revoke), answer)
    case "ForgetClient":
      return before(Option.map(Routes.claimedClientId(incoming), registry.forget), answer)
    case "TokenAnswer":
      return Routes.amended(answer, fault)
  }
}

/** Why a fault changed nothing of a request and its answer; `undefined` if it did. */
export const whyInVain = (
  { _tag }: Fault,
  incoming: IncomingRequest.IncomingRequest,
  { status }: Response
): string | undefined => {
  switch (_tag) {
    case "TruncatedBody":
      return hasBody(incoming.method, status) ? undefined : `the answer (${status}) has no body`
    case "RevokeToken":
      return Option.isNone(IncomingRequest.credentialsOf(incoming, "bearer")) ? "the request has no token" : undefined
    case "ForgetClient":
      return Option.isNone(Routes.claimedClientId(incoming)) ? "the request names no client" : undefined
    case "TokenAnswer":
      return status === 200 ? undefined : `the request was refused (${status})`
    default:
      return undefined
  }
}

/** The answer above a quota, as CXone's media playback gives it (docs/cxone-facts.md). */
export const exceeded = ({ retryAfter, route }: Exceeded): Response =>
  HttpServerResponse.unsafeJson(
    { message: "Too Many Requests", ...(route === undefined ? {} : { route }) },
    { status: 429, headers: { "retry-after": String(retryAfter) } }
  )

const before = <A, R>(first: Option.Option<Effect.Effect<void>>, then: Effect.Effect<A, never, R>): typeof then =>
  Effect.zipRight(
    Option.getOrElse(first, () => Effect.void),
    then
  )

const respond = ({ body, headers, status }: FaultAnswer) => {
  const contentType = headers["content-type"]
  return body.length === 0
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.uint8Array(body, {
        status,
        headers,
        ...(contentType === undefined ? {} : { contentType })
      })
}

const endless = ({ chunk, every }: Extract<Fault, { readonly _tag: "EndlessBody" }>) => {
  const pause = Option.match(every, {
    // A fiber that reads from memory without a pause would let no other fiber run, not even the one of a time-out.
    onNone: () => Effect.yieldNow(),
    onSome: Effect.sleep
  })
  const more = Stream.repeatEffect(Effect.as(pause, chunk))
  return HttpServerResponse.stream(Stream.concat(Stream.make(chunk), more), { contentType: "application/json" })
}
