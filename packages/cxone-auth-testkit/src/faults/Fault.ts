/**
 * What can be made to go wrong.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/**
 * Something that goes wrong with one request. Build it with the functions of the same name.
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
 * Where a request arrives: a route that gives tokens, one of the two discovery documents, or anything else; on whichever
 * host.
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
  readonly token: Exclude<Fault, { readonly _tag: "RevokeToken" }>
  readonly discovery: Exclude<Fault, { readonly _tag: "RevokeToken" | "ForgetClient" }>
  readonly api: Exclude<Fault, { readonly _tag: "ForgetClient" }>
}

type FaultOf<Tag extends Fault["_tag"]> = Extract<Fault, { readonly _tag: Tag }>

const tagged = Data.taggedEnum<Fault>()
const encoder = new TextEncoder()

// White space: what comes of it is the valid beginning of any JSON document, so only a limit can end the reading.
const trickle = encoder.encode(" ")
const flood = encoder.encode(" ".repeat(16 * 1024))

/**
 * The constructors of {@link Fault}.
 *
 * - `respond` answers with this status, and nothing else happens. A `body` that is a text is sent as it is, anything
 *   else as JSON; the content type follows it unless `headers` says otherwise. Throws a `TypeError` or `RangeError` for
 *   what HTTP can't carry: a status outside 200 to 599, a header with a line break, a body that is no JSON.
 * - `delay` waits, by the `Clock`, and then handles the request as if nothing had happened.
 * - `connectionReset` doesn't answer: the connection is reset (RST), once the request has been received.
 * - `truncatedBody` handles the request, sends the headers and half of the body, and closes the connection.
 * - `endlessBody` answers 200 with a body that never ends. It floods, as fast as the client reads; with `every` it
 *   sends one `chunk` at once and then one each time that this has passed. A chunk is white space by default: one space
 *   with `every`, 16 KiB of them without. Throws a `RangeError` if the chunk is empty.
 * - `revokeToken` revokes the token that the API call carries and then handles the call, which gets the 401 of a token
 *   that was good a moment ago.
 * - `forgetClient` removes the client that the token request names and then handles the request, which gets the 401 of
 *   an application whose registration was deleted. Tokens that it holds go on working. A request that names none, as one
 *   with an access key alone, is just handled.
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
  respond: (answer: {
    readonly status: number
    readonly headers?: { readonly [name: string]: string }
    readonly body?: unknown
  }): FaultOf<"Respond"> => {
    if (!Number.isInteger(answer.status) || answer.status < 200 || answer.status > 599) {
      throw new RangeError(`Fault.respond: status must be a whole number from 200 to 599, not ${answer.status}`)
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
  delay: (duration: Duration.DurationInput): FaultOf<"Delay"> => tagged.Delay({ duration: Duration.decode(duration) }),
  connectionReset: tagged.ConnectionReset(),
  truncatedBody: tagged.TruncatedBody(),
  endlessBody: (options?: {
    readonly every?: Duration.DurationInput
    readonly chunk?: string
  }): FaultOf<"EndlessBody"> => {
    if (options?.chunk === "") {
      throw new RangeError("Fault.endlessBody: chunk is empty; an endless body is made of something")
    }
    const every = Option.map(Option.fromNullable(options?.every), Duration.decode)
    const fallback = Option.isSome(every) ? trickle : flood
    return tagged.EndlessBody({ every, chunk: options?.chunk ? encoder.encode(options.chunk) : fallback })
  },
  revokeToken: tagged.RevokeToken(),
  forgetClient: tagged.ForgetClient()
}

const toText = (body: unknown): string => {
  if (body === undefined || Predicate.isString(body)) {
    return body ?? ""
  }
  // What is no JSON at all, a function for example, is `undefined` here: a mistake in the test, not an empty body.
  const json: string | undefined = JSON.stringify(body)
  if (json === undefined) {
    throw new TypeError("Fault.respond: body can't be written as JSON")
  }
  return json
}
