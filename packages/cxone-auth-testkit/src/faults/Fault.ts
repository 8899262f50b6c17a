import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as DurationOption from "../clock/DurationOption.js"
import { objectionTo } from "../http/HttpRules.js"

/**
 * An answer that a fault gives in place of the simulator's own.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultAnswer {
  /** From 200 to 599. */
  readonly status: number
  /** With names in lower case. */
  readonly headers: { readonly [name: string]: string }
  /** Empty if there is none. */
  readonly body: Uint8Array
}

/**
 * Something that goes wrong with one request. The constructors have the same name.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Data.TaggedEnum<{
  Respond: FaultAnswer
  EarlyAnswer: FaultAnswer
  Delay: { readonly duration: Duration.Duration }
  BlackHole: object
  ConnectionReset: object
  ResetUpload: object
  TruncatedBody: object
  EndlessBody: { readonly every: Option.Option<Duration.Duration>; readonly chunk: Uint8Array }
  RevokeToken: object
  ForgetClient: object
  TokenAnswer: {
    readonly scopes: Option.Option<ReadonlyArray<string>>
    readonly lifetime: Option.Option<Duration.Duration>
    readonly fields: { readonly [name: string]: unknown }
  }
}>

/**
 * Where a request arrives, on any host: `token` for a route that issues tokens, `discovery` for a discovery document or the
 * keys that it names, `api` for everything else.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = "token" | "discovery" | "api"

/**
 * The faults that an endpoint can have. Only an API call carries a token that can be revoked, and an upload; only a token
 * request names a client that can be forgotten, and is answered with a token.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultOn {
  /** Every fault but `revokeToken`, `earlyAnswer` and `resetUpload`. */
  readonly token: Exclude<Fault, { readonly _tag: "RevokeToken" | "EarlyAnswer" | "ResetUpload" }>
  /** The faults that every endpoint can have. */
  readonly discovery: Exclude<
    Fault,
    { readonly _tag: "RevokeToken" | "EarlyAnswer" | "ResetUpload" | "ForgetClient" | "TokenAnswer" }
  >
  /** Every fault but `forgetClient` and `tokenAnswer`. */
  readonly api: Exclude<Fault, { readonly _tag: "ForgetClient" | "TokenAnswer" }>
}

type FaultOf<Tag extends Fault["_tag"]> = Extract<Fault, { readonly _tag: Tag }>

const tagged = Data.taggedEnum<Fault>()
const encoder = new TextEncoder()

// White space may precede any JSON document, so a parser can't reject it: only a limit or a time-out ends the reading.
const trickle = encoder.encode(" ")
const flood = encoder.encode(" ".repeat(16 * 1024))

/**
 * What `Fault.respond` and `Fault.earlyAnswer` are given. Bytes and a string are sent as they are, and any other `body` as
 * JSON. The content type fits the body unless `headers` sets it.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultAnswerInput {
  /** From 200 to 599. */
  readonly status: number
  /** Default: the content type of the body, if there is one. */
  readonly headers?: { readonly [name: string]: string } | undefined
  /** Default: none. */
  readonly body?: unknown
}

/**
 * The constructors of {@link Fault}.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Fault } from "cxone-auth-testkit"
 *
 * export const overloaded = Fault.respond({ status: 429, headers: { "Retry-After": "5" } })
 * export const slow = Fault.delay("3 seconds")
 * export const trickle = Fault.endlessBody({ every: "1 second" })
 * export const narrowed = Fault.tokenAnswer({ scopes: ["read:users"], fields: { expires_in: "3600" } })
 * ```
 */
export const Fault = {
  /**
   * Answers with this instead of handling the request. Throws a `TypeError` if HTTP can't carry the answer: a status
   * outside 200 to 599, a header with a line break or outside of Latin-1, `transfer-encoding` or `trailer`, headers of 16
   * KB, a body with status 204, 205 or 304, a `content-length` that is not the body's, or a body that can't be written as
   * JSON.
   */
  respond: (answer: FaultAnswerInput): FaultOf<"Respond"> => tagged.Respond(answerOf("respond", answer)),
  /**
   * Answers with this before the body of the request has been read, as a server that refuses an upload does. It throws as
   * `respond` does.
   */
  earlyAnswer: (answer: FaultAnswerInput): FaultOf<"EarlyAnswer"> =>
    tagged.EarlyAnswer(answerOf("earlyAnswer", answer)),
  /**
   * Waits by the `Clock`, and then handles the request. With `times: Infinity` it is a latency: each request waits, and
   * takes the next fault all the same.
   */
  delay: (duration: Duration.DurationInput): FaultOf<"Delay"> =>
    tagged.Delay({ duration: DurationOption.decode("Fault.delay: the duration", duration) }),
  /** Receives the request and never answers. Only the client ends it. */
  blackHole: tagged.BlackHole(),
  /** Receives the request and then resets the connection (TCP RST) without an answer. */
  connectionReset: tagged.ConnectionReset(),
  /** Resets the connection (TCP RST) after the first piece of the request's body. */
  resetUpload: tagged.ResetUpload(),
  /**
   * Handles the request, sends the headers and half of the body, or the first chunk of a stream, and closes the connection.
   * The answer to a HEAD, a 204 and a 304 have no body, and arrive whole; `expectNoPendingFaults` tells that the fault
   * changed nothing.
   */
  truncatedBody: tagged.TruncatedBody(),
  /**
   * Answers 200 with a body that never ends. It sends chunks as fast as the client reads. With `every`, it sends one
   * `chunk` at once and then one after each interval. The default chunk is one space with `every`, and 16 KiB of spaces
   * without. Throws a `RangeError` if the chunk is empty.
   */
  endlessBody: (options?: {
    readonly every?: Duration.DurationInput | undefined
    readonly chunk?: string | undefined
  }): FaultOf<"EndlessBody"> => {
    if (options?.chunk === "") {
      throw new RangeError("Fault.endlessBody: chunk is empty; use at least one character, or leave it out")
    }
    const every = Option.map(Option.fromNullable(options?.every), (every) =>
      DurationOption.decode("Fault.endlessBody: every", every)
    )
    const fallback = Option.isSome(every) ? trickle : flood
    return tagged.EndlessBody({ every, chunk: options?.chunk ? encoder.encode(options.chunk) : fallback })
  },
  /**
   * Revokes the token of the API call and then handles the call, which is answered 401. What `revoke` says of young tokens
   * holds here, too.
   */
  revokeToken: tagged.RevokeToken(),
  /**
   * Removes the client that the token request names and then handles the request, which is answered 401. The tokens of the
   * client stay valid. A request that names no client, because it has an access key alone, is handled as usual.
   */
  forgetClient: tagged.ForgetClient(),
  /**
   * Answers with a token that the API honours as usual, but that was granted in another way: with these `scopes` instead of
   * those that were requested, or for this `lifetime`. `fields` are put into the answer as they are, for example `{
   * expires_in: "soon" }`; a field that is `undefined` is left out of it. A request that is refused is refused as usual.
   * Throws a `RangeError` if `lifetime` is shorter than a second or endless, and a `TypeError` if `fields` can't be written
   * as JSON.
   */
  tokenAnswer: (answer: {
    readonly scopes?: ReadonlyArray<string> | undefined
    readonly lifetime?: Duration.DurationInput | undefined
    readonly fields?: { readonly [name: string]: unknown } | undefined
  }): FaultOf<"TokenAnswer"> =>
    tagged.TokenAnswer({
      scopes: Option.fromNullable(answer.scopes),
      lifetime: Option.map(Option.fromNullable(answer.lifetime), (lifetime) =>
        DurationOption.decodeFinite("Fault.tokenAnswer: lifetime", lifetime, "1 second")
      ),
      fields: requireJson(answer.fields ?? {})
    })
}

const requireJson = <A extends object>(fields: A): A => {
  try {
    JSON.stringify(fields)
    return fields
  } catch {
    throw new TypeError("Fault.tokenAnswer: fields can't be written as JSON")
  }
}

const answerOf = (name: "respond" | "earlyAnswer", { body, headers: given = {}, status }: FaultAnswerInput) => {
  const wrong = (what: string) => new TypeError(`Fault.${name}: ${what}`)
  const bytes = bytesOf(body, wrong)
  const headers = Object.fromEntries(Object.entries(given).map(([header, value]) => [header.toLowerCase(), value]))
  const objection = objectionTo("GET", { status, headers, bytes })
  if (objection !== undefined) {
    throw wrong(objection)
  }
  const contentType = body === undefined ? {} : { "content-type": contentTypeOf(body) }
  return { status, headers: { ...contentType, ...headers }, body: bytes }
}

const contentTypeOf = (body: unknown): string => {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    return "application/octet-stream"
  }
  return Predicate.isString(body) ? "text/plain; charset=utf-8" : "application/json"
}

const bytesOf = (body: unknown, wrong: (what: string) => TypeError): Uint8Array => {
  if (body instanceof ArrayBuffer) {
    return new Uint8Array(body)
  }
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  }
  if (body === undefined || Predicate.isString(body)) {
    return encoder.encode(body ?? "")
  }
  // JSON.stringify is typed without `undefined`, but returns it for a function, for example.
  const json: string | undefined = JSON.stringify(body)
  // It writes `{}` for a `Map`, a `Blob` or a `Promise`.
  const isLost = json === "{}" && Object.getPrototypeOf(body) !== Object.prototype
  if (json === undefined || isLost) {
    throw wrong("body can't be written as JSON; use a string, bytes or a JSON value")
  }
  return encoder.encode(json)
}
