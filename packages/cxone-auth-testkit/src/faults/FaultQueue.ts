import * as Option from "effect/Option"
import type { Endpoint, Fault } from "./Fault.js"

/**
 * The faults that wait for requests, in one queue for each endpoint: first in, first out.
 *
 * Its methods are plain functions, not effects. So a fault is taken and its request is recorded in one step, and no
 * other request can come in between.
 */
export interface FaultQueue {
  /**
   * Adds a fault for `times` requests, after the faults that are already queued. Throws a `RangeError` unless `times`
   * is a whole number from 1 up or `Infinity`, because with 0, say, a test would pass although nothing went wrong.
   */
  readonly add: (fault: Fault, on: Endpoint, times: number) => void
  /** Removes the fault for a request that has just arrived, and returns it. */
  readonly take: (on: Endpoint) => Option.Option<Fault>
  readonly clear: () => void
}

export const make = (): FaultQueue => {
  const queues: { readonly [On in Endpoint]: Array<{ readonly fault: Fault; left: number }> } = {
    token: [],
    discovery: [],
    api: []
  }
  return {
    add: (fault, on, times) => {
      if (times < 1 || (times !== Number.POSITIVE_INFINITY && !Number.isInteger(times))) {
        throw new RangeError(`CxoneSimulator.inject: times is ${times}; use a whole number from 1 up, or Infinity`)
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
