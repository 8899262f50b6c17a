import * as Headers from "@effect/platform/Headers"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Endpoint, Fault } from "../faults/Fault.js"
import { shownUrl, utf8 } from "../http/IncomingRequest.js"

const secretHeaders = ["authorization", "proxy-authorization", "cookie", "x-api-key"]

interface Secrets {
  readonly url: string
  readonly headers: Headers.Headers
}

type Fields = Pick<
  RecordedRequest,
  "endpoint" | "method" | "origin" | "time" | "fault" | "status" | "outcome" | "bytes" | "bodyLength" | "contentIds"
> &
  Secrets

/**
 * How a request ended: `answered`; `reset` by a fault; `aborted` by the client, by `refuseConnections` or by the end of the
 * layer, before there was an answer; or `pending` until then. For a request to another host than the simulator's,
 * `unreachable`.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestOutcome = "pending" | "answered" | "reset" | "aborted" | "unreachable"

/**
 * A request that the simulator received, with the status of its answer. If it is printed or serialised, the values of
 * secret headers, the query and the body are left out. A comparison, such as `toEqual`, heeds them all the same: `contentIds`
 * stand for them.
 *
 * @since 0.1.0
 * @category models
 * @example
 * ```ts
 * import type { RecordedRequest } from "cxone-auth-testkit"
 * import { Redacted } from "effect"
 *
 * export const scopeOf = (request: RecordedRequest) =>
 *   new URLSearchParams(Redacted.value(request.body)).get("scope")
 * ```
 */
export class RecordedRequest extends Inspectable.Class {
  /**
   * `token` for a route that issues tokens, `discovery` for a discovery document or the keys, `api` for everything else.
   * `foreign` for a request that was sent to another host in memory.
   *
   * @since 0.1.0
   */
  readonly endpoint: Endpoint | "foreign"
  /**
   * The method, in upper case.
   *
   * @since 0.1.0
   */
  readonly method: string
  /**
   * The origin of the host where it arrived.
   *
   * @since 0.1.0
   */
  readonly origin: string
  /**
   * When the whole body had arrived, or the client had broken it off, in milliseconds by the `Clock`. If a fault breaks off
   * the upload: when the headers had arrived.
   *
   * @since 0.1.0
   */
  readonly time: number
  /**
   * The fault that was injected into this request.
   *
   * @since 0.1.0
   */
  readonly fault: Option.Option<Fault>
  /**
   * The status of the answer. None unless there is an answer.
   *
   * @since 0.1.0
   */
  readonly status: Option.Option<number>
  /**
   * How the request ended.
   *
   * @since 0.1.0
   */
  readonly outcome: RequestOutcome
  /**
   * How many bytes the body had. If there are more than `bytes` holds, the recording was cut at `maxRecordedBytes`. It is 0
   * if the body was not read: of a request to another host, or if the upload broke off.
   *
   * @since 0.1.0
   */
  readonly bodyLength: number
  /**
   * The body, up to `maxRecordedBytes`. In a token request it can hold a client's secret or an access key.
   *
   * @since 0.1.0
   */
  readonly bytes: Redacted.Redacted<Uint8Array>
  /**
   * `bytes` as UTF-8.
   *
   * @since 0.1.0
   */
  declare readonly body: Redacted.Redacted<string>
  /**
   * Whether the recording of the body was cut at `maxRecordedBytes`.
   *
   * @since 0.1.0
   */
  readonly isCut: boolean
  /**
   * A number each for the URL, the headers and the body. In one process the same have the same number; in the next it is
   * another. They tell in which part two requests differ where that part is not printed.
   *
   * @since 0.1.0
   */
  readonly contentIds: { readonly url: number; readonly headers: number; readonly body: number }
  // Private, so that a spread, a diff or a printer doesn't find the secrets.
  readonly #secrets: Secrets

  constructor(fields: Fields) {
    super()
    this.endpoint = fields.endpoint
    this.method = fields.method
    this.origin = fields.origin
    this.time = fields.time
    this.fault = fields.fault
    this.status = fields.status
    this.outcome = fields.outcome
    this.bodyLength = fields.bodyLength
    this.bytes = fields.bytes
    this.isCut = Redacted.value(fields.bytes).length < fields.bodyLength
    this.contentIds = fields.contentIds
    const { headers, url } = fields
    this.#secrets = { url, headers }
    // A comparison heeds, and its diff shows, what an object has itself. What may be a secret stays with the class.
    if (shownUrl(url) === url) {
      Object.defineProperty(this, "url", { value: url, enumerable: true })
    }
    if (secretHeaders.every((name) => headers[name] === undefined)) {
      Object.defineProperty(this, "headers", { value: headers, enumerable: true })
    }
    // Most bodies are never read.
    const body = () => Redacted.make(utf8(Redacted.value(fields.bytes)))
    Object.defineProperty(this, "body", { get: body, enumerable: true })
  }

  // vitest copies what it takes for a plain object, and a copy has no private part.
  /** @internal */
  get [Symbol.toStringTag](): string {
    return "RecordedRequest"
  }

  /**
   * The path and the query, as they were sent.
   *
   * @since 0.1.0
   */
  get url(): string {
    return this.#secrets.url
  }

  /**
   * The headers, with names in lower case. They can hold a client's secret or a token.
   *
   * @since 0.1.0
   */
  get headers(): Headers.Headers {
    return this.#secrets.headers
  }

  /**
   * The same request with another end.
   *
   * @since 0.1.0
   */
  ended(outcome: RequestOutcome, status?: number): RecordedRequest {
    const { contentIds, bodyLength, bytes, endpoint, fault, method, origin, time } = this
    const known = { contentIds, bodyLength, bytes, endpoint, fault, method, origin, time, ...this.#secrets }
    return new RecordedRequest({ ...known, outcome, status: Option.fromNullable(status) })
  }

  /**
   * What is printed, logged or serialised.
   *
   * @since 0.1.0
   */
  toJSON(): unknown {
    return {
      _id: "cxone-auth-testkit/RecordedRequest",
      endpoint: this.endpoint,
      method: this.method,
      origin: this.origin,
      url: shownUrl(this.url),
      headers: Headers.redact(this.headers, secretHeaders),
      bodyLength: this.bodyLength,
      contentIds: this.contentIds,
      time: this.time,
      fault: Option.getOrNull(Option.map(this.fault, ({ _tag }) => _tag)),
      outcome: this.outcome,
      status: Option.getOrNull(this.status)
    }
  }
}
