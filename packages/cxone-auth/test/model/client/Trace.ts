/** What can be seen of a client from outside, in order. */

/** A moment by two clocks, in milliseconds: one that goes on evenly, and the one on the wall, which an app can set. */
export interface Moment {
  readonly at: number
  readonly wall: number
}

/** What a caller asks for, and how. */
export interface Asked {
  /** Method and path without ids. */
  readonly route: Route
  readonly isStream: boolean
  /** For how many ms it may wait for a 429. */
  readonly patience: number
  /** Whether the app says that the call may be sent twice. */
  readonly isMarked: boolean
  /** Statuses that it wants as responses. */
  readonly wants: ReadonlyArray<401 | 403 | 429 | 503>
  readonly client: "typed" | "plain"
  readonly isUninterruptible: boolean
}

export type Route = "GET /users/{id}" | "POST /jobs" | "PUT /files/{id}" | "GET /queues/{id}"

export const routes: ReadonlyArray<Route> = ["GET /users/{id}", "POST /jobs", "PUT /files/{id}", "GET /queues/{id}"]

/** How a call ended. `request` is the number of the request whose answer it got. */
export type Outcome =
  | { readonly tag: "response"; readonly status: number; readonly request: number }
  | {
      readonly tag: "error"
      readonly error: string
      readonly reason: string
      /** In ms. */
      readonly retryAfter: number | undefined
      readonly notSentAgain: string | undefined
    }
  | { readonly tag: "interrupted" }
  | { readonly tag: "defect"; readonly text: string }

export type Event =
  | ({ readonly tag: "call"; readonly id: number } & Asked)
  /** The caller ends by itself: it is interrupted, or times out. */
  | { readonly tag: "leave"; readonly id: number }
  | { readonly tag: "end"; readonly id: number; readonly outcome: Outcome }
  /** A caller has read the body of its response. */
  | { readonly tag: "read"; readonly id: number; readonly isAsSent: boolean }
  | {
      readonly tag: "send"
      readonly id: number
      readonly call: number
      readonly origin: string
      readonly route: Route
      readonly token: string
    }
  /** `retryAfter` is in seconds. */
  | {
      readonly tag: "answer"
      readonly id: number
      readonly status: number
      readonly retryAfter: number | undefined
      readonly body: "whole" | "stalled" | "endless" | "cut"
    }
  /** The request was interrupted before there was an answer. */
  | { readonly tag: "aborted"; readonly id: number }
  | { readonly tag: "token request" }
  | { readonly tag: "token"; readonly value: string; readonly tenant: string }
  /** The provider gave no token, and asks for a pause of so many seconds. */
  | { readonly tag: "no token"; readonly retryAfter: number }
  /** How a route behaves from now on. A sound one refuses no token for good. */
  | { readonly tag: "route"; readonly route: Route; readonly isSound: boolean; readonly behaviour: object }
  /** From now on, no route takes a token that was issued before. */
  | { readonly tag: "revoke" }
  | { readonly tag: "jump"; readonly by: number }
  | { readonly tag: "close" }
  /** From here on, all routes and the provider are up. */
  | { readonly tag: "settle" }
  /** Long after that, many patient calls begin. */
  | { readonly tag: "burst" }

export type Timed = Event & Moment

/** Keeps events in order, each with its time. */
export class Recorder {
  readonly events: Array<Timed> = []
  #setBy = 0
  readonly #now: () => number

  /** `now` is the even clock. */
  constructor(now: () => number) {
    this.#now = now
  }

  get wall(): number {
    return this.#now() + this.#setBy
  }

  record(event: Event): void {
    this.events.push({ at: this.#now(), wall: this.wall, ...event })
  }

  setClock(by: number): void {
    this.#setBy += by
    this.record({ tag: "jump", by })
  }
}

export const show = (events: ReadonlyArray<Timed>): string =>
  events.map(({ at, wall, ...event }) => `${(at / 1000).toFixed(3).padStart(12)}  ${JSON.stringify(event)}`).join("\n")
