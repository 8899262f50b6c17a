import * as Schema from "effect/Schema"
import { RetryAfter, whenToRetry } from "./Phrases.js"

/**
 * Too many requests. `token_endpoint`: the token endpoint answered 429, also to the retries. `api`: the API answered 429,
 * or 503 with `Retry-After` (`status`). `held_back`: the API had answered so a moment before, and this request was not
 * sent. `too_many_waiting`: this request was not sent either, because `maxWaitingCalls` calls wait already. `retryAfter`:
 * what an answer of the API asked for; for the other reasons, how long from now nothing will be sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("cxone-auth/RateLimited")("RateLimited", {
  reason: Schema.Literal("token_endpoint", "api", "held_back", "too_many_waiting"),
  origin: Schema.String,
  status: Schema.optionalWith(Schema.Literal(429, 503), { default: () => 429 }),
  retryAfter: RetryAfter
}) {
  override get message(): string {
    const { origin } = this
    const when = whenToRetry(this.retryAfter)
    const notSent = `This request was not sent: ${origin} has said that it takes no API requests for now`
    const messages = {
      token_endpoint:
        `${origin} answered 429: too many token requests. ${when}. ` +
        "Provide one CxoneAuth layer per process and share it; each layer has a token cache of its own.",
      api:
        this.status === 503
          ? `${origin} answered 503: it cannot serve API requests now. ${when}.`
          : `${origin} answered 429: too many API requests. ${when}, and space the calls out.`,
      held_back: `${notSent}. ${when}, or let calls wait (CxoneHttpClient.layerWith({ onRateLimited: { wait } })).`,
      too_many_waiting:
        `${notSent}, and as many calls wait for it as may (maxWaitingCalls, 1,000 by default). ` +
        `${when}, with fewer calls at once.`
    }
    return messages[this.reason]
  }
}
