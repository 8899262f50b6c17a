/** What can be seen of a token service from outside, in order. Times are virtual milliseconds. */

/** A token as the provider gave it: when it was requested, and when it ends. */
export interface Issued {
  readonly value: string
  readonly obtainedAt: number
  readonly expiresAt: number
}

/**
 * What the provider did with a request: gave a token, or one that had ended; refused the client or the scopes; answered
 * 429, 503 (`failed`) or no token at all (`junk`); or broke the connection (`unreached`).
 */
export type Answer =
  | { readonly tag: "token"; readonly token: Issued }
  | { readonly tag: "refused" }
  | { readonly tag: "scope" | "limited" | "junk" | "failed" | "ended"; readonly retryAfter: number | undefined }
  | { readonly tag: "unreached" }
  /** The request was interrupted before there was an answer. */
  | { readonly tag: "aborted" }

/** How a call ended. */
export type Outcome =
  | { readonly tag: "token"; readonly value: string; readonly obtainedAt: number; readonly scopes: string }
  | { readonly tag: "error"; readonly error: string; readonly until: number | undefined; readonly attempts: number }
  | { readonly tag: "interrupted" }
  | { readonly tag: "defect"; readonly text: string }

export type Event =
  | { readonly tag: "call"; readonly id: number; readonly scopes: string }
  /** The caller ends by itself: it is interrupted, or times out. */
  | { readonly tag: "leave"; readonly id: number }
  | { readonly tag: "end"; readonly id: number; readonly outcome: Outcome }
  /** The service has read its credentials, which it asked for at that time; `undefined` if they cannot be had. */
  | { readonly tag: "read"; readonly askedAt: number; readonly secrets: ReadonlyArray<string> | undefined }
  | { readonly tag: "request"; readonly id: number; readonly scopes: string; readonly secret: string }
  | { readonly tag: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly tag: "invalidate"; readonly scopes: string; readonly value: string }
  /** What `status` says of the token with these scopes. */
  | {
      readonly tag: "status"
      readonly scopes: string
      readonly state: "empty" | "fresh" | "renewing" | "refused" | "rate_limited"
      readonly secondsToExpiry: number | undefined
      readonly lastFailure: { readonly tag: string; readonly at: number } | undefined
      readonly failingSince: number | undefined
    }
  /** From here on the provider is up, the credentials are valid, and there are no calls. */
  | { readonly tag: "settle" }
  | { readonly tag: "close" }

export type Timed = Event & { readonly at: number }

/** Keeps events in order, each with its time. */
export class Recorder {
  readonly events: Array<Timed> = []
  record(at: number, event: Event): void {
    this.events.push({ at, ...event })
  }
}

export const show = (events: ReadonlyArray<Timed>): string =>
  events.map(({ at, ...event }) => `${(at / 1000).toFixed(3).padStart(12)}  ${JSON.stringify(event)}`).join("\n")
