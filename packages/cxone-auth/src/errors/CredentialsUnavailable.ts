import * as Schema from "effect/Schema"
import { bracketed, Quotation, toJson } from "./Phrases.js"

/**
 * The app's own effect that yields the credentials failed, took too long, or yielded credentials that can't be used in the
 * environment (`unsuitable`). Or the app's own function that authenticates the client failed (`client_auth`). Nothing was
 * sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsUnavailable extends Schema.TaggedError<CredentialsUnavailable>(
  "cxone-auth/CredentialsUnavailable"
)("CredentialsUnavailable", {
  /**
   * Whether the effect failed, took too long, or yielded credentials of a kind that the environment doesn't take; or the
   * function `clientAuth` threw, or returned something that can't be sent.
   */
  reason: Schema.Literal("failed", "timeout", "unsuitable", "client_auth"),
  /**
   * The tag or name of the failure, the time that it might take, or why the credentials can't be used. Nothing else of the failure is kept, because it
   * may hold a secret.
   */
  detail: Quotation
}) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    if (this.reason === "unsuitable") {
      return `Nothing was sent, because the effect that gives the credentials yielded unusable ones: ${this.detail}.`
    }
    if (this.reason === "client_auth") {
      return (
        `Nothing was sent, because the function that authenticates the client (clientAuth) failed${bracketed(this.detail)}. ` +
        "It must return form parameters and headers, each a Redacted text. What it throws is not shown here, because it may hold " +
        "the secret: log it in the function."
      )
    }
    const problem =
      this.reason === "timeout"
        ? `did not end in ${this.detail ?? "time"} (attemptTimeout)`
        : `failed${bracketed(this.detail)}`
    const hidden =
      this.reason === "failed"
        ? " What the failure says is not shown here, because it may hold a secret: log it in the effect itself (Effect.tapErrorCause)."
        : ""
    return (
      `The effect that gives the credentials ${problem}, so nothing was sent. Check the place that it reads them ` +
      `from.${hidden}`
    )
  }
}
