/**
 * The record of what was requested.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Endpoint } from "../faults/Fault.js"
import type { RecordedRequest } from "./RecordedRequest.js"

export { RecordedRequest } from "./RecordedRequest.js"

/**
 * Which request an answer belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestId = number

/**
 * What was requested, in the order of arrival. Why not all of it are effects, `FaultQueue` says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  /** Takes down a request that has arrived, and wakes who waited for it. */
  readonly arrived: (request: RecordedRequest) => RequestId
  /** Notes what a request was answered. One that was recorded before `clear` is left alone. */
  readonly answered: (id: RequestId, status: number) => void
  /** Every request so far. */
  readonly all: () => ReadonlyArray<RecordedRequest>
  /** Every request so far to this endpoint. */
  readonly to: (endpoint: Endpoint) => ReadonlyArray<RecordedRequest>
  /** Done as soon as at least `count` requests have arrived at this endpoint. */
  readonly awaitArrivals: (on: Endpoint, count: number) => Effect.Effect<void>
  /** Forgets every request. Who waits for arrivals goes on waiting. */
  readonly clear: () => void
}

/**
 * Builds an empty record.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Recorder => {
  // In the order of arrival: a Map keeps the place of a key that is set again.
  const requests = new Map<RequestId, RecordedRequest>()
  const waiting = new Set<{ readonly arrived: () => boolean; readonly done: Deferred.Deferred<void> }>()
  let lastId: RequestId = 0

  const all = () => Array.from(requests.values())
  const to = (endpoint: Endpoint) => all().filter((request) => request.endpoint === endpoint)

  return {
    all,
    to,
    arrived: (request) => {
      lastId += 1
      requests.set(lastId, request)
      for (const { arrived, done } of waiting) {
        if (arrived()) {
          Deferred.unsafeDone(done, Effect.void)
        }
      }
      return lastId
    },
    answered: (id, status) => {
      const request = requests.get(id)
      if (request !== undefined) {
        requests.set(id, request.withStatus(status))
      }
    },
    awaitArrivals: (on, count) =>
      Effect.flatMap(Deferred.make<void>(), (done) =>
        Effect.suspend(() => {
          const waiter = { arrived: () => to(on).length >= count, done }
          if (waiter.arrived()) {
            return Effect.void
          }
          waiting.add(waiter)
          return Effect.ensuring(
            Deferred.await(done),
            Effect.sync(() => waiting.delete(waiter))
          )
        })
      ),
    clear: () => requests.clear()
  }
}
