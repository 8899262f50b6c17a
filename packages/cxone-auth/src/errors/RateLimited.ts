import * as Schema from "effect/Schema"
import { HeldBack, orHeldBack, Quotation, RetryAfter, said, toJson, whenToRetry } from "./Phrases.js"

/**
 * Too many requests: CXone said "not yet", or said it a moment ago. Wait for `retryAfter`, and make fewer calls at once.
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("cxone-auth/RateLimited")("RateLimited", {
  /**
   * - `token_endpoint`: the token endpoint answered 429 to this request or an earlier one, and either the retries are used
   *   up or the wait is longer than `maxWait` allows.
   * - `api`: the API answered 429, or 503 with `Retry-After`.
   * - `held_back`: the API gave such an answer a moment before, so this request was not sent.
   * - `too_many_waiting`: this request was not sent either, because `maxWaitingCalls` calls wait already.
   */
  reason: Schema.Literal("token_endpoint", "api", "held_back", "too_many_waiting"),
  /** The origin that said it, such as `https://api-na1.niceincontact.com`. */
  origin: Schema.String,
  /** The status of the answer: 429, or 503 from the API. */
  status: Schema.optionalWith(Schema.Literal(429, 503), { default: () => 429 }),
  /**
   * What is held back at the API: method and path with `{id}` in the place of ids, the name that the API gave it, or the app's
   * own key (`rateLimitKey`). Absent if it is the whole origin.
   */
  route: Quotation,
  /** What the server said about it, without secrets. */
  description: Quotation,
  /**
   * Why a call that may wait was not sent, or not sent again: its method is not idempotent and it is not marked as such, its
   * body is a stream, or it may not wait so long. Absent if there is no such reason.
   */
  notSentAgain: Schema.optionalWith(Schema.Literal("not_idempotent", "stream_body", "wait_too_short"), { exact: true }),
  /** The wait that the server asked for, or how long from now nothing is sent. Absent if no time is known. */
  retryAfter: RetryAfter,
  /**
   * With `token_endpoint`: whether nothing was sent this time, and the failure of an earlier request is given again in the
   * pause that it began. `held_back` and `too_many_waiting` say so themselves.
   */
  heldBack: HeldBack
}) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    const { origin } = this
    const when = whenToRetry(this.retryAfter)
    const at = this.route === undefined ? "" : ` to ${this.route}`
    const notSent = `This request was not sent: ${origin} has said that it takes no API requests${at} for now`
    const messages = {
      token_endpoint:
        `${origin} answered 429: too many token requests. ${when}. ` +
        "Provide one CxoneAuth layer for each set of credentials and share it; each layer has a token cache of its own.",
      api:
        this.status === 503
          ? `${origin} answered 503: it cannot serve API requests${at} now. ${when}.${this.whyNotAgain}`
          : `${origin} answered 429: too many API requests${at}. ${when}. Space the calls out.${this.whyNotAgain}`,
      held_back: `${notSent}. ${when}.${
        this.notSentAgain === undefined
          ? " To let calls wait instead, set CxoneHttpClient.layer({ onRateLimited: { wait } })."
          : this.whyNotAgain
      }`,
      too_many_waiting:
        `${notSent}, and as many calls wait already as may (maxWaitingCalls, 1,000 by default). ` +
        `${when}. Make fewer calls at once.`
    }
    return orHeldBack(this.heldBack, `${messages[this.reason]}${said(this.description)}`)
  }

  private get whyNotAgain(): string {
    switch (this.notSentAgain) {
      case "not_idempotent":
        return (
          " The call was not sent again, because its method is not idempotent. If it may be sent twice, mark it with " +
          "CxoneHttpClient.withCallOptions({ idempotent: true })."
        )
      case "stream_body":
        return " The call was not sent again, because its body is a stream, which can be read only once."
      case "wait_too_short":
        return " The call may not wait that long, or has waited already (onRateLimited.wait)."
      default:
        return ""
    }
  }
}
