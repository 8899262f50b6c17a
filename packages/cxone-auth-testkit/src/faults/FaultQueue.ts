import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type { Endpoint, Fault } from "./Fault.js"
import { type Asked, fits, objectionTo, type RequestSelector } from "./RequestSelector.js"

/** A fault that waits for requests. */
export interface Entry {
  readonly fault: Fault
  readonly on: Endpoint
  readonly times: number
  /** How many requests that it fits pass before one takes it. */
  readonly after: number
  readonly selector: RequestSelector
  /** How long a request waits before the fault. */
  readonly latency: Duration.Duration
}

/** What a request has taken. */
export interface Taken {
  readonly fault: Option.Option<Fault>
  readonly latency: Duration.Duration
  /** Notes that the fault changed something of the request or its answer, or why it changed nothing. */
  readonly conclude: (inVain: string | undefined) => void
}

export interface Queued extends Entry {
  /** How many requests that it fits have passed, up to `after`. */
  passed: number
  /** How many requests have taken it. */
  taken: number
}

/**
 * The faults that wait for requests: first in, first out among those that fit a request.
 *
 * Its methods are plain functions, not effects. So a fault is taken and its request is recorded in one step, and no
 * other request can come in between.
 */
export interface FaultQueue {
  /**
   * Adds a fault for `times` requests, after the faults that are already queued. Throws a `RangeError` unless `times`
   * is a whole number from 1 up or `Infinity`, and `after` one from 0 up, or if no request can fit, because a test would
   * pass although nothing went wrong.
   */
  readonly add: (entry: Entry) => Queued
  readonly remove: (queued: Queued) => void
  /** How many requests may still take it. A fault for all requests counts as one until the first has taken it. */
  readonly pendingOf: (queued: Queued) => number
  /** Takes the fault for a request that has just arrived. */
  readonly take: (asked: Asked) => Taken
  /** The same for a request whose body is on its way, if the next fault breaks off an upload. */
  readonly takeForUpload: (asked: Asked) => Option.Option<Taken>
  /** Whether a fault asks for a client or a tenant, so that these must be found out. */
  readonly asksWho: () => boolean
  /** The faults that no request has taken, or too few. */
  readonly pending: () => ReadonlyArray<Queued>
  /** The faults that changed nothing of any request, in words for each request that took them. */
  readonly inVain: () => ReadonlyArray<string>
  readonly clear: () => void
}

export const make = (): FaultQueue => {
  let queue: ReadonlyArray<Queued> = []
  let inVain: ReadonlyArray<readonly [of: Queued, what: string]> = []
  const worked = new Set<Queued>()

  const remove = (queued: Queued) => {
    queue = queue.filter((each) => each !== queued)
  }
  const count = (queued: Queued) => {
    queued.taken += 1
    if (queued.taken === queued.times) {
      remove(queued)
    }
  }
  const pendingOf = (queued: Queued) => (queue.includes(queued) ? pendingIn(queued) : 0)

  const fittingFor = (asked: Asked) =>
    queue.filter(({ on, selector }) => on === asked.endpoint && fits(selector, asked))

  const takeFrom = (fitting: ReadonlyArray<Queued>): Taken => {
    const [passing, ready] = Arr.partition(fitting, isReady)
    const [latencies, others] = Arr.partition(ready, (queued) => !isLatency(queued))
    const next = others[0]
    const taken = next === undefined ? latencies : [...latencies, next]
    taken.forEach(count)
    for (const queued of passing) {
      queued.passed += 1
    }
    const first = next ?? latencies[0]
    return {
      fault: Option.fromNullable(first).pipe(Option.map(({ fault }) => fault)),
      conclude: (what) => {
        if (first !== undefined && what === undefined) {
          worked.add(first)
        } else if (first !== undefined && what !== undefined) {
          inVain = [...inVain, [first, what]]
        }
      },
      latency: taken.reduce((total, { latency }) => Duration.sum(total, latency), Duration.zero)
    }
  }

  return {
    add: (entry) => {
      const { after, times } = entry
      if (!(times >= 1) || (times !== Number.POSITIVE_INFINITY && !Number.isInteger(times))) {
        throw new RangeError(`CxoneSimulator.inject: times is ${times}; use a whole number from 1 up, or Infinity`)
      }
      if (!Number.isInteger(after) || after < 0) {
        throw new RangeError(`CxoneSimulator.inject: after is ${after}; use a whole number from 0 up`)
      }
      const objection = objectionTo(entry.selector)
      if (objection !== undefined) {
        throw new RangeError(`CxoneSimulator.inject: ${objection}`)
      }
      const { fault, latency } = entry
      // A delay is nothing but latency. So it adds to that of others.
      const whole = fault._tag === "Delay" ? Duration.sum(latency, fault.duration) : latency
      const queued = { ...entry, latency: whole, passed: 0, taken: 0 }
      queue = [...queue, queued]
      return queued
    },
    remove,
    pendingOf,
    take: (asked) => (queue.length === 0 ? nothing : takeFrom(fittingFor(asked))),
    takeForUpload: (asked) => {
      const fitting = queue.length === 0 ? [] : fittingFor(asked)
      const next = fitting.find((queued) => isReady(queued) && !isLatency(queued))
      return next !== undefined && breaksUpload(next.fault) ? Option.some(takeFrom(fitting)) : Option.none()
    },
    asksWho: () => queue.some(({ selector }) => selector.client !== undefined || selector.tenant !== undefined),
    pending: () => queue.filter((queued) => pendingIn(queued) > 0),
    inVain: () => inVain.flatMap(([queued, what]) => (worked.has(queued) ? [] : [what])),
    clear: () => {
      queue = []
      inVain = []
      worked.clear()
    }
  }
}

const nothing: Taken = { fault: Option.none(), latency: Duration.zero, conclude: constVoid }

const isReady = ({ after, passed }: Queued): boolean => passed === after

/** If a delay for all requests were a fault like others, nothing behind it would ever be taken. */
const isLatency = ({ fault, times }: Entry): boolean => fault._tag === "Delay" && times === Number.POSITIVE_INFINITY

const breaksUpload = ({ _tag }: Fault): boolean => _tag === "EarlyAnswer" || _tag === "ResetUpload"

/** A fault for all requests has done its work after the first of them. */
const pendingIn = ({ taken, times }: Queued): number =>
  times === Number.POSITIVE_INFINITY ? Number(taken === 0) : times - taken
