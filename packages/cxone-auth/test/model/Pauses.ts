import type { Answer } from "./Trace.js"

/** A pause as far as it can be seen from outside. */
interface Pause {
  /** Before this time surely nothing is sent. */
  until: number
  /** After this time surely something may be sent. It is later if an exchange may have failed for good, unseen. */
  latest: number
  strikes: number
  /** Whether the provider said "not yet". */
  wasAsked: boolean
  /** Whether no exchange can have failed unseen since the last success. */
  isSure: boolean
}

const longestGuess = 30_000
const hour = 3_600_000

/** The failures after which an exchange tries again: only its end begins a pause, unless there is a Retry-After. */
const triedAgain: ReadonlyArray<Answer["tag"]> = ["failed", "ended"]
/** The answers that tell something about the scopes only. */
const ofScopes: ReadonlyArray<Answer["tag"]> = ["scope", "ended"]

/** How long nothing may be sent after an answer that is no token and no refusal (L6), for each secret and set of scopes. */
export class Pauses {
  readonly #all = new Map<string, Pause>()

  #keyOf(secret: string, scopes: string | undefined): string {
    return scopes === undefined ? secret : `${secret} for ${scopes}`
  }

  #of(secret: string, scopes: string | undefined): Pause {
    const key = this.#keyOf(secret, scopes)
    const pause = this.#all.get(key) ?? { until: 0, latest: 0, strikes: 0, wasAsked: false, isSure: true }
    this.#all.set(key, pause)
    return pause
  }

  /** The pauses that a request with this secret for these scopes must heed. */
  both(secret: string, scopes: string): ReadonlyArray<Pause> {
    return [this.#of(secret, undefined), this.#of(secret, scopes)]
  }

  /** The pause of this secret, whatever the scopes. */
  ofSecret(secret: string): Pause {
    return this.#of(secret, undefined)
  }

  note(
    secret: string,
    scopes: string,
    answer: Extract<Answer, { readonly retryAfter: number | undefined }>,
    at: number
  ) {
    const pause = this.#of(secret, ofScopes.includes(answer.tag) ? scopes : undefined)
    const asked = (answer.retryAfter ?? 0) * 1_000
    if (asked > 0) {
      if (at >= pause.until) pause.strikes += 1
      const end = at + Math.min(asked, hour)
      pause.wasAsked ||= end > pause.latest
      pause.until = Math.max(pause.until, end)
      pause.latest = Math.max(pause.latest, end)
    } else if (triedAgain.includes(answer.tag)) {
      pause.isSure = false
    } else if (at >= pause.latest) {
      pause.strikes += 1
      pause.until = at + Math.min(1_000 * 2 ** (pause.strikes - 1), longestGuess)
      pause.latest = pause.until
      pause.wasAsked = answer.tag === "limited"
    }
    if (!pause.isSure) pause.latest = Math.max(pause.latest, at + longestGuess)
  }

  /** These credentials were accepted, for these scopes. Only what the provider asked for still counts. */
  succeed(secret: string, scopes: string | undefined, at: number) {
    for (const [key, pause] of this.#all) {
      if (key.includes(" for ") && (scopes === undefined || key !== this.#keyOf(secret, scopes))) continue
      const stays = pause.wasAsked && at < pause.until && !key.includes(" for ")
      if (!stays) this.#all.delete(key)
      else {
        pause.strikes = 0
        pause.isSure = true
        pause.latest = pause.until
      }
    }
  }

  /** The app gave these secrets: all others are forgotten. */
  retain(secrets: ReadonlyArray<string>) {
    for (const key of this.#all.keys()) {
      if (!secrets.includes(key.split(" for ")[0] ?? "")) this.#all.delete(key)
    }
  }
}
