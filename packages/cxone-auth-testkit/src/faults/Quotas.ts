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
  /** Counts a request. `now` is in milliseconds. */
  readonly count: (asked: Asked, now: number) => Option.Option<Exceeded>
  readonly reset: () => void
}

/** Throws a `RangeError` if a quota takes nothing, is for no time, or if no request can fit it. */
export const make = (quotas: ReadonlyArray<Quota>): Quotas => {
  const windows = new Map<Quota, { readonly endsAt: number; left: number }>()
  for (const { limit, method, path, per } of quotas) {
    const objection = objectionTo({ method, path })
    if (!Number.isInteger(limit) || limit < 1 || objection !== undefined) {
      throw new RangeError(
        `CxoneSimulator: a quota's ${objection ?? `limit is ${limit}; use a whole number from 1 up`}`
      )
    }
    DurationOption.decode("CxoneSimulator: a quota's per", per, "1 millis")
  }

  const countAt = (quota: Quota, now: number): Option.Option<Exceeded> => {
    const last = windows.get(quota)
    const current =
      last !== undefined && now < last.endsAt ? last : { endsAt: now + Duration.toMillis(quota.per), left: quota.limit }
    windows.set(quota, current)
    if (current.left === 0) {
      return Option.some({ retryAfter: Math.ceil((current.endsAt - now) / 1000), route: quota.route })
    }
    current.left -= 1
    return Option.none()
  }

  return {
    count: (asked, now) =>
      Option.firstSomeOf(
        quotas
          .filter(({ method, on = "api", path }) => on === asked.endpoint && fits({ method, path }, asked))
          .map((quota) => countAt(quota, now))
      ),
    reset: () => windows.clear()
  }
}
