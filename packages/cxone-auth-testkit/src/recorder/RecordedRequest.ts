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
 * A request that the simulator received, with the status of its answer. If it is printed or serialised, the values of
 * secret headers, the query and the body are left out.
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
   * `token` for a route that issues tokens, `discovery` for a discovery document, `api` for everything else.
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
   * When the request arrived, in milliseconds by the `Clock`.
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
   * The status of the answer. None until there is an answer, and if the connection was reset instead.
   *
   * @since 0.1.0
   */
  readonly status: Option.Option<number>
  // Private, so that a spread, a diff or a printer doesn't find the secrets.
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
   * The body, as UTF-8. In a token request it can hold a client's secret or an access key.
   *
   * @since 0.1.0
   */
  get body(): Redacted.Redacted<string> {
    return this.#secrets.body
  }

  /**
   * The same request with the status of its answer.
   *
   * @since 0.1.0
   */
  withStatus(status: number): RecordedRequest {
    return new RecordedRequest({ ...this, ...this.#secrets, status: Option.some(status) })
  }

  /**
   * What is printed, logged or serialised.
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
