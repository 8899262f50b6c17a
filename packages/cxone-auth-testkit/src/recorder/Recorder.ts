import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Endpoint } from "../faults/Fault.js"
import type { RecordedRequest } from "./RecordedRequest.js"

export { RecordedRequest } from "./RecordedRequest.js"

export type RequestId = number

/** The requests in the order of arrival. `FaultQueue` says why most methods are no effects. */
export interface Recorder {
  /** Records a request that has just arrived, and resumes the fibers that waited for it. */
  readonly arrived: (request: RecordedRequest) => RequestId
  /** Records the status of the answer. Does nothing if the request was recorded before `clear`. */
  readonly answered: (id: RequestId, status: number) => void
  readonly all: () => ReadonlyArray<RecordedRequest>
  readonly to: (endpoint: Endpoint) => ReadonlyArray<RecordedRequest>
  /** Waits until at least `count` requests have arrived at this endpoint. */
  readonly awaitArrivals: (on: Endpoint, count: number) => Effect.Effect<void>
  /** Removes every request. A fiber in `awaitArrivals` goes on waiting. */
  readonly clear: () => void
}

export const make = (): Recorder => {
  // A Map keeps the order of arrival, because a key that is set again keeps its place.
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
