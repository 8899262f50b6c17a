/**
 * A request that was received, for assertions.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Endpoint, Fault } from "../faults/Fault.js"

const secretHeaders = ["authorization", "proxy-authorization", "cookie", "x-api-key"]

interface Secrets {
  readonly url: string
  readonly headers: Headers.Headers
  readonly body: Redacted.Redacted<string>
}

/**
 * A request that the simulator received, and what became of it. However it is printed or serialised, the values of its
 * secret headers, its query and its body stay out.
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
   * `token` for a route that gives tokens, `discovery` for a discovery document, `api` for everything else.
   *
   * @since 0.1.0
   */
  readonly endpoint: Endpoint
  /**
   * The method, in upper case.
   *
   * @since 0.1.0
   */
  readonly method: string
  /**
   * When it had arrived, in milliseconds by the `Clock`.
   *
   * @since 0.1.0
   */
  readonly time: number
  /**
   * The fault that it had.
   *
   * @since 0.1.0
   */
  readonly fault: Option.Option<Fault>
  /**
   * The status that was answered. None while the answer is not there yet, and if none was given.
   *
   * @since 0.1.0
   */
  readonly status: Option.Option<number>
  /**
   * What a spread, a diff or a printer that walks the fields shall not meet.
   *
   * @since 0.1.0
   */
  readonly #secrets: Secrets

  constructor(fields: Pick<RecordedRequest, "endpoint" | "method" | "time" | "fault" | "status"> & Secrets) {
    super()
    this.endpoint = fields.endpoint
    this.method = fields.method
    this.time = fields.time
    this.fault = fields.fault
    this.status = fields.status
    this.#secrets = { url: fields.url, headers: fields.headers, body: fields.body }
  }

  /** Path and query, as they were sent. */
  get url(): string {
    return this.#secrets.url
  }

  /** The headers, their names in lower case. They hold the client's secret or a token. */
  get headers(): Headers.Headers {
    return this.#secrets.headers
  }

  /** The body, as UTF-8. That of a token request holds secrets, of a client or an access key. */
  get body(): Redacted.Redacted<string> {
    return this.#secrets.body
  }

  /**
   * The same request, now that it has been answered.
   *
   * @since 0.1.0
   */
  withStatus(status: number): RecordedRequest {
    return new RecordedRequest({ ...this, ...this.#secrets, status: Option.some(status) })
  }

  /**
   * What is shown when it is printed, logged or serialised.
   *
   * @since 0.1.0
   */
  toJSON(): unknown {
    const [path, query] = this.url.split("?", 2)
    return {
      _id: "cxone-auth-testkit/RecordedRequest",
      endpoint: this.endpoint,
      method: this.method,
      url: query === undefined ? path : `${path}?<redacted>`,
      headers: Headers.redact(this.headers, secretHeaders),
      time: this.time,
      fault: Option.getOrNull(Option.map(this.fault, ({ _tag }) => _tag)),
      status: Option.getOrNull(this.status)
    }
  }
}
