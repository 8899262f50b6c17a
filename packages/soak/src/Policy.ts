/** What is minutes in production is fractions of a second here, for tokens of 2 and 3 seconds. */
import type { AccessToken, CallPolicyOptions, TokenPolicyOptions } from "cxone-auth"

const expiryMarginFraction = 0.25

/**
 * The margin is half a second at the least: what a request may take from the hand-out of its token to its arrival, on a
 * machine with much else to do. Refusals and rate limits are forgotten soon enough to recover many times in a run.
 */
export const policy: TokenPolicyOptions = {
  expiryMarginFraction,
  refreshAheadFraction: 0.25,
  attemptTimeout: "1 second",
  errorBodyTimeout: "500 millis",
  maxRetries: 2,
  retryDelay: "50 millis",
  maxRetryDelay: "200 millis",
  maxWait: "1 second",
  refusalPause: "200 millis",
  maxRefusalPause: "400 millis"
}

/** The same for the client. */
export const clientPolicy: CallPolicyOptions = {
  defaultRetryAfter: "50 millis",
  tokenArrival: "200 millis",
  renewalPause: "50 millis",
  maxRenewalPause: "500 millis",
  maxRenewals: 1000,
  discardTimeout: "200 millis"
}

/** Until when a token may be handed out. Not asked of the library, which is on trial. */
export const usableUntil = ({ expiresAt, obtainedAt }: AccessToken): number =>
  expiresAt - Math.min(30_000, expiryMarginFraction * (expiresAt - obtainedAt))
