import * as Schema from "effect/Schema"
import { Quotation } from "./Phrases.js"

/**
 * The app's own effect that yields the credentials failed, took longer than an attempt may, or yielded some that do not
 * go with the environment (`unsuitable`). `detail` is the tag or name of its failure, of which nothing else is kept, for
 * it may hold a secret; or why the credentials do not go.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsUnavailable extends Schema.TaggedError<CredentialsUnavailable>(
  "cxone-auth/CredentialsUnavailable"
)("CredentialsUnavailable", {
  reason: Schema.Literal("failed", "timeout", "unsuitable"),
  detail: Quotation
}) {
  override get message(): string {
    if (this.reason === "unsuitable") {
      return `The effect given as credentials yielded some that cannot be used, so nothing was sent: ${this.detail}.`
    }
    const problem =
      this.reason === "timeout"
        ? "did not end in time (attemptTimeout, 10 s by default)"
        : `failed${this.detail === undefined ? "" : ` (${this.detail})`}`
    return `The effect given as credentials ${problem}, so nothing was sent. Check the place that it reads them from.`
  }
}
