import { createHmac, randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import type { RecordedRequest, RequestOutcome } from "./RecordedRequest.js"
import { listOf } from "./RequestList.js"
import * as Sending from "./Sending.js"

export { RecordedRequest, type RequestOutcome } from "./RecordedRequest.js"
export { lastOf, listOf } from "./RequestList.js"
export { isSending } from "./Sending.js"

export type RequestId = number

type Endpoint = RecordedRequest["endpoint"]

/**
 * The requests in the order of arrival. Most methods are plain functions, so that a request takes its fault and is recorded in
 * one step.
 */
export interface Recorder {
  /** Records a request that has just arrived, and resumes the fibers that waited for it. */
  readonly arrived: (request: RecordedRequest) => RequestId
  /** Records how a request ended. Does nothing if it was recorded before `clear`, or has ended. */
  readonly ended: (id: RequestId, outcome: RequestOutcome, status?: number) => void
  /** Records that the body of the answer was sent, or broke off. */
  readonly sent: (id: RequestId) => void
  readonly all: () => ReadonlyArray<RecordedRequest>
  readonly to: (endpoint: Endpoint) => ReadonlyArray<RecordedRequest>
  /**
   * Waits until at least `count` requests have arrived at this endpoint. If nothing arrives for some seconds, by the real
   * clock, that is a defect: the test would end by its time-out, and say nothing.
   */
  readonly awaitArrivals: (on: Endpoint, count: number) => Effect.Effect<void>
  /** Removes every request. A fiber in `awaitArrivals` goes on waiting. */
  readonly clear: () => void
}

interface Waiter {
  readonly on: Endpoint
  readonly count: number
  readonly done: Deferred.Deferred<void>
}

/** In quarters of a second: 3 s. Vitest gives a test 5 s by default. */
const longestSilence = 12

export const make = (): Recorder => {
  // A Map keeps the order of arrival, because a key that is set again keeps its place.
  const requests = new Map<RequestId, RecordedRequest>()
  const counts = new Map<Endpoint, number>()
  const waiting = new Set<Waiter>()
  let lastId: RequestId = 0

  const all = () => Array.from(requests.values())
  const to = (endpoint: Endpoint) => all().filter((request) => request.endpoint === endpoint)
  const isHere = ({ count, on }: Pick<Waiter, "count" | "on">) => (counts.get(on) ?? 0) >= count

  const missing = (on: Endpoint, count: number) => {
    return new Error(
      `CxoneSimulator.awaitRequests: waited for ${count} requests to "${on}", and for 3 s nothing arrived.\n${listOf(all())}`
    )
  }

  /** By the real clock, because the `Clock` of a test stands still. */
  const failAfterSilence = ({ count, on }: Waiter): Effect.Effect<never> =>
    Effect.iterate<readonly [seen: RequestId, silent: number], never, never>([lastId, 0], {
      while: ([, silent]) => silent < longestSilence,
      body: ([seen, silent]) => Effect.map(Effect.sleep("250 millis"), () => [lastId, seen === lastId ? silent + 1 : 0])
    }).pipe(Effect.withClock(Clock.make()), Effect.zipRight(Effect.suspend(() => Effect.die(missing(on, count)))))

  return {
    all,
    to,
    arrived: (request) => {
      lastId += 1
      requests.set(lastId, request)
      counts.set(request.endpoint, (counts.get(request.endpoint) ?? 0) + 1)
      for (const waiter of waiting) {
        if (isHere(waiter)) {
          Deferred.unsafeDone(waiter.done, Effect.void)
        }
      }
      return lastId
    },
    ended: (id, outcome, status) => {
      const request = requests.get(id)
      if (request?.outcome === "pending") {
        const ended = request.ended(outcome, status)
        requests.set(id, ended)
        if (outcome === "answered") {
          Sending.begin(ended)
        }
      }
    },
    sent: (id) => {
      const request = requests.get(id)
      if (request !== undefined) {
        Sending.end(request)
      }
    },
    awaitArrivals: (on, count) => {
      if (!Number.isInteger(count) || count < 0) {
        return Effect.die(
          new RangeError(`CxoneSimulator.awaitRequests: count is ${count}; use a whole number from 0 up`)
        )
      }
      return Effect.flatMap(Deferred.make<void>(), (done) =>
        Effect.suspend(() => {
          const waiter = { on, count, done }
          if (isHere(waiter)) {
            return Effect.void
          }
          waiting.add(waiter)
          return Effect.ensuring(
            Effect.raceFirst(Deferred.await(done), failAfterSilence(waiter)),
            Effect.sync(() => waiting.delete(waiter))
          )
        })
      )
    },
    clear: () => {
      requests.clear()
      counts.clear()
    }
  }
}

// A digest without a key would let one try what a short body may have been.
const key = randomBytes(32)

/** A number of 48 bits: the same for the same content in this process, and another one in the next. */
const idOf = (content: string | Uint8Array): number =>
  createHmac("sha256", key).update(content).digest().readUIntBE(0, 6)

/** The number of each part of a request. */
export const contentIdsOf = ({ body, headers, url }: IncomingRequest): RecordedRequest["contentIds"] => ({
  url: idOf(url),
  headers: idOf(JSON.stringify(Object.entries(headers).sort())),
  body: idOf(body)
})
