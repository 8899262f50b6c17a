import * as Schema from "effect/Schema"
import { HeldBack, listed, notBefore, orHeldBack, Quotation, RetryAfter, said, toJson } from "./Phrases.js"

const cure =
  "Check the scopes that are requested (scopes, CXONE_SCOPES), and those that the application has in CXone's " +
  "Admin portal under Applications > OAuth. A scope that was added there takes some minutes to arrive."

/**
 * The application lacks a scope. The call is not tried again, and no token is renewed.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientScope extends Schema.TaggedError<InsufficientScope>("cxone-auth/InsufficientScope")(
  "InsufficientScope",
  {
    /**
     * - `invalid_scope`: the token endpoint did not grant what was requested (RFC 6749 §5.2).
     * - `insufficient_scope`: the API needs more scopes than the token has (RFC 6750 §3.1).
     * - `not_supported`: an access key alone can request no scopes, and nothing was sent.
     */
    reason: Schema.Literal("invalid_scope", "insufficient_scope", "not_supported"),
    /** The origin of the token endpoint or of the API. */
    origin: Schema.String,
    /** The scopes that were requested of the token endpoint. */
    requested: Schema.Array(Schema.String),
    /** The scopes of the token. Empty if there is none. */
    granted: Schema.Array(Schema.String),
    /** The scopes that the API asked for. Empty if it named none. */
    required: Schema.Array(Schema.String),
    /** What the server said about it, without secrets. */
    description: Quotation,
    /**
     * How long from now no token with these scopes is requested. Until then, every call that needs one fails with this
     * error, or waits if `maxWait` is long enough. Absent if the API said it.
     */
    retryAfter: RetryAfter,
    /** Whether nothing was sent this time: the failure of an earlier request is given again, in the pause that it began. */
    heldBack: HeldBack
  }
) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    return this.reason === "not_supported"
      ? `Nothing was sent to ${this.origin}: an access key alone cannot request scopes, but these were requested: ` +
          `${listed(this.requested)}. Leave the scopes out, because the role of the key's employee says what the key ` +
          "may do. Or add a client to the key."
      : orHeldBack(
          this.heldBack,
          `${this.problem} ${cure}${notBefore("These scopes are not requested", this.retryAfter)}${said(this.description)}`
        )
  }

  private get problem(): string {
    return this.reason === "invalid_scope" ? this.problemAtEndpoint : this.problemAtApi
  }

  private get problemAtEndpoint(): string {
    if (this.requested.length === 0) {
      return `${this.origin} says that the scopes are wrong (invalid_scope), although none were requested: the registration may ask for one.`
    }
    // A comma is a legal part of a scope (RFC 6749 §3.3), so it can't be refused before.
    const comma = this.requested.some((scope) => /[,;]/.test(scope))
      ? " Scopes are separated by spaces, but here a comma or semicolon is part of one."
      : ""
    const offline = this.requested.includes("offline_access")
      ? " Many servers refuse offline_access with client credentials: leave it out, or request no scopes at all (scopes: [], " +
        "CXONE_SCOPES=none)."
      : ""
    return `${this.origin} does not grant the requested scopes (invalid_scope): ${listed(this.requested)}.${comma}${offline}`
  }

  private get problemAtApi(): string {
    const { granted, origin, requested, required } = this
    const isGranted = required.length > 0 && required.every((scope) => granted.includes(scope))
    const why = isGranted
      ? "it wants scopes (insufficient_scope), although the token has those that it names: check the role or permissions behind the credentials"
      : "it needs more scopes than the token has (insufficient_scope)"
    return (
      `${origin} refused the call, because ${why}. Required: ${required.length === 0 ? "not said" : listed(required)}; ` +
      `granted: ${listed(granted)}; requested: ${listed(requested)}.`
    )
  }
}
