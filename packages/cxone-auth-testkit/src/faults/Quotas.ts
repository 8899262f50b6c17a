import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as DurationOption from "../clock/DurationOption.js"
import type { Endpoint } from "./Fault.js"
import { type Asked, fits, objectionTo } from "./RequestSelector.js"

/**
 * How many requests a route takes. One more is answered 429, with `Retry-After`, until the time is over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quota {
  /** The path without the query, exactly or as a pattern. */
  readonly path: string | RegExp
  /** The method, in upper case. Default: every method. */
  readonly method?: string | undefined
  /** The endpoint; default `"api"`. */
  readonly on?: Endpoint | undefined
  /** How many requests are taken within `per`: a whole number, at least 1. */
  readonly limit: number
  /** The time, by the `Clock`. It begins with the first request. */
  readonly per: Duration.DurationInput
  /** The name of the route in the body of the 429, as CXone's media playback names it. Default: none. */
  readonly route?: string | undefined
}

/** A request above a quota: for how many seconds the route takes no more, and the name that the answer gives it. */
export interface Exceeded {
  readonly retryAfter: number
  readonly route: string | undefined
}

export interface Quotas {
  /**
   * Counts a request with all quotas that it fits. If one of them is used up, it counts with none, and the longest wait is
   * given. `now` is in milliseconds.
   */
  readonly count: (asked: Asked, now: number) => Option.Option<Exceeded>
  readonly reset: () => void
}

/** Throws a `RangeError` if a quota takes nothing, is for no time, or if no request can fit it. */
export const make = (quotas: ReadonlyArray<Quota>): Quotas => {
  const windows = new Map<Quota, { readonly endsAt: number; readonly left: number }>()
  for (const { limit, method, path, per } of quotas) {
    const objection = objectionTo({ method, path })
    if (!Number.isInteger(limit) || limit < 1 || objection !== undefined) {
      throw new RangeError(
        `CxoneSimulator: a quota's ${objection ?? `limit is ${limit}; use a whole number from 1 up`}`
      )
    }
    DurationOption.decodeFinite("CxoneSimulator: a quota's per", per, "1 millis")
  }

  const windowOf = (quota: Quota, now: number) => {
    const last = windows.get(quota)
    return last !== undefined && now < last.endsAt
      ? last
      : { endsAt: now + Duration.toMillis(quota.per), left: quota.limit }
  }

  return {
    count: (asked, now) => {
      const fitting = quotas
        .filter(({ method, on = "api", path }) => on === asked.endpoint && fits({ method, path }, asked))
        .map((quota) => ({ quota, window: windowOf(quota, now) }))
      const [longest] = fitting
        .filter(({ window }) => window.left === 0)
        .sort((a, b) => b.window.endsAt - a.window.endsAt)
      if (longest !== undefined) {
        const { quota, window } = longest
        return Option.some({ retryAfter: Math.ceil((window.endsAt - now) / 1000), route: quota.route })
      }
      for (const { quota, window } of fitting) {
        windows.set(quota, { ...window, left: window.left - 1 })
      }
      return Option.none()
    },
    reset: () => windows.clear()
  }
}
