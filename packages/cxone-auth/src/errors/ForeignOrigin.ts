import * as Schema from "effect/Schema"

/**
 * A request would have carried the token to an origin that it may not go to, or is no http(s) request. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ForeignOrigin extends Schema.TaggedError<ForeignOrigin>("cxone-auth/ForeignOrigin")("ForeignOrigin", {
  reason: Schema.Literal("not_allowed", "not_confidential", "not_http", "user_info"),
  origin: Schema.String,
  allowed: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Nothing was sent to ${this.origin}: ${this.problem}`
  }

  private get problem(): string {
    switch (this.reason) {
      case "not_allowed":
        return (
          `the access token goes to ${this.allowed.join(", ")} only. If this origin is CXone's, name it in ` +
          "CxoneHttpClient.layerWith({ allowedOrigins }), or allow all of NICE's own with { allowCxoneHosts: true }; " +
          "for other hosts use the plain HttpClient."
        )
      case "not_confidential":
        return "the access token travels over https only (plain http only to this machine)."
      case "not_http":
        return (
          "this client makes http(s) requests, and opens no WebSocket or other connection. " +
          "For those, take the token from CxoneAuth.accessToken."
        )
      case "user_info":
        return "the URL carries a user name or password, which could disguise the host. Remove it."
    }
  }
}
