import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/**
 * Something that goes wrong with one request. The constructors have the same name.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Data.TaggedEnum<{
  Respond: {
    readonly status: number
    readonly headers: { readonly [name: string]: string }
    readonly body: Uint8Array
  }
  Delay: { readonly duration: Duration.Duration }
  ConnectionReset: object
  TruncatedBody: object
  EndlessBody: { readonly every: Option.Option<Duration.Duration>; readonly chunk: Uint8Array }
  RevokeToken: object
  ForgetClient: object
}>

/**
 * Where a request arrives, on any host: `token` for a route that issues tokens, `discovery` for one of the two
 * discovery documents or the JWKS, `api` for everything else.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = "token" | "discovery" | "api"

/**
 * The faults that an endpoint can have. Only an API call carries a token that can be revoked, and only a token request
 * names a client that can be forgotten.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultOn {
  /** Every fault but `revokeToken`. */
  readonly token: Exclude<Fault, { readonly _tag: "RevokeToken" }>
  /** Every fault but `revokeToken` and `forgetClient`. */
  readonly discovery: Exclude<Fault, { readonly _tag: "RevokeToken" | "ForgetClient" }>
  /** Every fault but `forgetClient`. */
  readonly api: Exclude<Fault, { readonly _tag: "ForgetClient" }>
}

type FaultOf<Tag extends Fault["_tag"]> = Extract<Fault, { readonly _tag: Tag }>

const tagged = Data.taggedEnum<Fault>()
const encoder = new TextEncoder()

// White space may precede any JSON document, so a parser can't reject it: only a limit or a time-out ends the reading.
const trickle = encoder.encode(" ")
const flood = encoder.encode(" ".repeat(16 * 1024))

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
 * ```
 */
export const Fault = {
  /**
   * Answers with this status instead of handling the request. A string `body` is sent as it is, and any other as JSON. The
   * content type fits the body unless `headers` sets it. Throws a `TypeError` or a `RangeError` if the status is outside 200
   * to 599, if a header has a line break, or if the body can't be written as JSON.
   */
  respond: (answer: {
    readonly status: number
    readonly headers?: { readonly [name: string]: string } | undefined
    readonly body?: unknown
  }): FaultOf<"Respond"> => {
    if (!Number.isInteger(answer.status) || answer.status < 200 || answer.status > 599) {
      throw new RangeError(`Fault.respond: status is ${answer.status}; use a whole number from 200 to 599`)
    }
    const headers = new Headers(answer.headers)
    if (answer.body !== undefined && !headers.has("content-type")) {
      headers.set("content-type", Predicate.isString(answer.body) ? "text/plain; charset=utf-8" : "application/json")
    }
    return tagged.Respond({
      status: answer.status,
      headers: Object.fromEntries(headers),
      body: encoder.encode(toText(answer.body))
    })
  },
  /** Waits by the `Clock`, and then handles the request. */
  delay: (duration: Duration.DurationInput): FaultOf<"Delay"> => tagged.Delay({ duration: Duration.decode(duration) }),
  /** Receives the request and then resets the connection (TCP RST) without an answer. */
  connectionReset: tagged.ConnectionReset(),
  /** Handles the request, sends the headers and half of the body, and closes the connection. */
  truncatedBody: tagged.TruncatedBody(),
  /**
   * Answers 200 with a body that never ends. It sends chunks as fast as the client reads. With `every`, it sends one `chunk`
   * at once and then one after each interval. The default chunk is one space with `every`, and 16 KiB of spaces without.
   * Throws a `RangeError` if the chunk is empty.
   */
  endlessBody: (options?: {
    readonly every?: Duration.DurationInput | undefined
    readonly chunk?: string | undefined
  }): FaultOf<"EndlessBody"> => {
    if (options?.chunk === "") {
      throw new RangeError("Fault.endlessBody: chunk is empty; use at least one character, or leave it out")
    }
    const every = Option.map(Option.fromNullable(options?.every), Duration.decode)
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
  forgetClient: tagged.ForgetClient()
}

const toText = (body: unknown): string => {
  if (body === undefined || Predicate.isString(body)) {
    return body ?? ""
  }
  // JSON.stringify is typed without `undefined`, but returns it for a function, for example.
  const json: string | undefined = JSON.stringify(body)
  if (json === undefined) {
    throw new TypeError("Fault.respond: body can't be written as JSON; use a string or a JSON value")
  }
  return json
}
