/** What is minutes in production is fractions of a second here, for tokens of 2 and 3 seconds. */
import type { AccessToken, TokenPolicyOptions } from "cxone-auth"

const marginFraction = 0.25

/**
 * The margin is half a second at the least: what a request may take from the hand-out of its token to its arrival, on a
 * machine with much else to do. Refusals and rate limits are forgotten soon enough to recover many times in a run.
 */
export const policy: TokenPolicyOptions = {
  marginFraction,
  refreshFraction: 0.25,
  attemptTimeout: "1 second",
  refusalBodyTimeout: "500 millis",
  retries: 2,
  retryDelay: "50 millis",
  maxRetryDelay: "200 millis",
  maxWait: "1 second",
  rateLimitDelay: "50 millis",
  refusalMemory: "200 millis",
  maxRefusalMemory: "400 millis",
  discardTimeout: "200 millis"
}

/** The same for the client, which takes no other numbers. */
export const clientPolicy = {
  rateLimitDelay: "50 millis",
  refusedTokenMemory: "500 millis",
  discardTimeout: "200 millis"
} as const

/** Until when a token may be handed out. Not asked of the library, which is on trial. */
export const usableUntil = ({ expiresAt, obtainedAt }: AccessToken): number =>
  expiresAt - Math.min(30_000, marginFraction * (expiresAt - obtainedAt))
