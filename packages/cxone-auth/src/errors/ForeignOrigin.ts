import * as Schema from "effect/Schema"
import { toJson } from "./Phrases.js"

/**
 * Nothing was sent, because the token may not go to the origin of the request or over plain http, the URL has a user
 * name or password, a `Host` header names another host than the URL, or it is no http(s) request.
 *
 * @since 0.1.0
 * @category errors
 */
export class ForeignOrigin extends Schema.TaggedError<ForeignOrigin>("cxone-auth/ForeignOrigin")("ForeignOrigin", {
  /**
   * Which rule the request breaks: the origin is not allowed, not https, no http(s) at all, its URL has a user name or
   * password, or its `Host` header names another host than its URL.
   */
  reason: Schema.Literal("not_allowed", "not_confidential", "not_http", "user_info", "host_header"),
  /** The origin of the request. */
  origin: Schema.String,
  /** The origins that the token may go to. */
  allowed: Schema.Array(Schema.String)
}) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    const problems = {
      not_allowed:
        `the access token goes to ${this.allowed.join(", ")} only. If this origin is CXone's, name it in ` +
        "CxoneHttpClient.layer({ allowedOrigins }), or allow all of NICE's hosts with { allowCxoneHosts: true }; " +
        "for other hosts use the plain HttpClient.",
      not_confidential: "the access token travels over https only (plain http only to this machine). Use https.",
      not_http:
        "this client makes http(s) requests, and opens no WebSocket or other connection. " +
        "For those, take the token from CxoneAuth.accessToken.",
      host_header:
        "the request has a Host header that names another host than its URL, and some HTTP clients check the server's " +
        "certificate against that header. Remove it.",
      user_info: "the URL carries a user name or password, which could disguise the host. Remove it."
    }
    return `Nothing was sent to ${this.origin}: ${problems[this.reason]}`
  }
}
