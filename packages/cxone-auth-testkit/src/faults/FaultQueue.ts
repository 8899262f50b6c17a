/**
 * The faults that wait for their requests.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type { Endpoint, Fault } from "./Fault.js"

/**
 * The faults that wait for requests: one queue an endpoint, first in, first out.
 *
 * Its methods change it at once rather than being effects, so that taking a fault and recording the request that took
 * it are one step that no other request can come between.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultQueue {
  /**
   * Adds a fault for the next `times` requests that no earlier fault waits for. Throws a `RangeError` unless `times` is
   * a whole number from 1 up, or `Infinity`: any other would make a test pass in which nothing went wrong.
   */
  readonly add: (fault: Fault, on: Endpoint, times: number) => void
  /** The fault of the request that has just arrived, if there is one. */
  readonly take: (on: Endpoint) => Option.Option<Fault>
  /** Drops every fault that no request has taken. */
  readonly clear: () => void
}

/**
 * Builds empty queues.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): FaultQueue => {
  const queues: { readonly [On in Endpoint]: Array<{ readonly fault: Fault; left: number }> } = {
    token: [],
    discovery: [],
    api: []
  }
  return {
    add: (fault, on, times) => {
      if (times < 1 || (times !== Number.POSITIVE_INFINITY && !Number.isInteger(times))) {
        throw new RangeError(`CxoneSimulator.inject: times must be a whole number from 1 up, or Infinity, not ${times}`)
      }
      queues[on].push({ fault, left: times })
    },
    take: (on) => {
      const next = queues[on][0]
      if (next === undefined) {
        return Option.none()
      }
      next.left -= 1
      if (next.left === 0) {
        queues[on].shift()
      }
      return Option.some(next.fault)
    },
    clear: () => {
      for (const queue of Object.values(queues)) {
        queue.length = 0
      }
    }
  }
}
