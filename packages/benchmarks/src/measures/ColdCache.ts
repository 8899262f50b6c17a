/** B4: 10,000 callers at once, and no token yet. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Array as Arr, Duration, Effect, Either, Layer, ManagedRuntime, Option } from "effect"
import { byName, contenders, open } from "../Contest.js"
import { type Contender, tokenEndpoint } from "../contenders/Contender.js"
import { cxoneAuth } from "../contenders/CxoneAuth.js"
import { googleAuth } from "../contenders/GoogleAuth.js"
import * as TutorialClass from "../contenders/TutorialClass.js"
import * as Heap from "../Heap.js"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import * as Provider from "../Provider.js"
import { bestPeer, type Figure, type Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Turns from "../Turns.js"

const callers = 10_000
const delay = 50
const ofFibers = 1.15

interface Cold {
  readonly tokenRequests: number
  readonly millis: number
  readonly failed: boolean
}

const once = (contender: Contender, run: string, together = callers) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { client, clientId } = yield* open(contender, `cold-${run}`, { delay })
      yield* Heap.collect
      const [took, result] = yield* Effect.timed(Effect.either(Effect.tryPromise(() => client.lookTogether(together))))
      const { tokenRequests } = yield* Provider.counts(clientId)
      return { tokenRequests, millis: Duration.toMillis(took), failed: Either.isLeft(result) } satisfies Cold
    })
  )

/**
 * At a server of the contender's own, because the 10,000 connections of another one would take its file descriptors. A
 * contender that makes thousands of requests is run once.
 */
const runsOf = (contender: Contender, rounds: number) =>
  Effect.gen(function* () {
    const first = yield* once(contender, "0")
    const runs =
      first.tokenRequests > 1
        ? [first]
        : yield* Effect.forEach(Arr.range(1, rounds), (run) => once(contender, String(run)))
    return {
      tokenRequests: Math.max(...runs.map(({ tokenRequests }) => tokenRequests)),
      millis: Percentiles.at(
        runs.map(({ millis }) => millis),
        50
      ),
      failed: runs.some(({ failed }) => failed)
    } satisfies Cold
  }).pipe(Effect.provide(Layer.fresh(Provider.Provider.layer)))

/**
 * Ours, ours with one caller, and the floor by turns, after one round of each that doesn't count, so that all meet the
 * same machine and the same state of the engine.
 */
const besideFloor = (rounds: number) =>
  Effect.gen(function* () {
    const runs: Array<Cold> = []
    const ours = Effect.suspend(() => once(cxoneAuth, String(runs.length))).pipe(
      Effect.map((cold) => {
        runs.push(cold)
        return cold.millis
      })
    )
    const by = {
      ours,
      alone: Effect.map(once(cxoneAuth, "alone", 1), ({ millis }) => millis),
      floor: Effect.suspend(() => floor(String(runs.length)))
    }
    yield* Turns.rounds(by, 1)
    const millis = yield* Turns.rounds(by, rounds)
    const counted = runs.slice(1)
    return {
      cold: {
        tokenRequests: Math.max(...counted.map(({ tokenRequests }) => tokenRequests)),
        millis: Percentiles.at(millis.ours, 50),
        failed: counted.some(({ failed }) => failed)
      } satisfies Cold,
      alone: Percentiles.at(millis.alone, 50),
      floor: Percentiles.at(millis.floor, 50),
      ratio: Percentiles.at(
        Arr.zipWith(millis.ours, millis.floor, (ours, floor) => ours / floor),
        50
      )
    }
  }).pipe(Effect.provide(Layer.fresh(Provider.Provider.layer)))

/** The least that fibers can take: one makes the token request by hand, and the others wait for one callback. */
const floor = (run: string) =>
  Effect.gen(function* () {
    const { origin } = yield* Provider.Provider
    const clientId = `cold-by-hand-${run}`
    yield* Provider.set(clientId, { delay })
    const runtime = ManagedRuntime.make(UndiciHttpClient.layer({ proxy: "none" }))
    yield* Effect.addFinalizer(() => runtime.disposeEffect)
    const http = yield* Effect.promise(() => runtime.runPromise(HttpClient.HttpClient))
    yield* Heap.collect
    const request = HttpClientRequest.bodyUrlParams(HttpClientRequest.post(tokenEndpoint({ origin })), {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: "secret"
    })
    const wake: Array<() => void> = []
    const waiting = Effect.async<void>((resume) => {
      wake.push(() => resume(Effect.void))
    })
    const first = Effect.map(
      Effect.flatMap(http.execute(request), ({ json }) => json),
      () => {
        for (const each of wake) {
          each()
        }
      }
    )
    const all = () =>
      Promise.all([runtime.runPromise(first), ...Arr.makeBy(callers - 1, () => runtime.runPromise(waiting))])
    const [took] = yield* Effect.timed(Effect.promise(all))
    return Duration.toMillis(took)
  }).pipe(Effect.scoped)

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const rounds = quick ? 3 : 7
    // The 10,000 requests that it makes take ten seconds.
    const inTime = contenders(quick).filter((contender) => !quick || contender !== googleAuth)
    const { alone, cold, floor: least, ratio } = yield* besideFloor(rounds)
    const results = yield* Effect.forEach(inTime, (contender) =>
      Effect.map(
        contender === cxoneAuth ? Effect.succeed(cold) : runsOf(contender, rounds),
        (runs) => [contender, runs] as const
      )
    )
    const tutorial = quick ? Option.none() : yield* TutorialClass.together(1_000, delay)
    const requests: Figure = {
      name: "token requests",
      unit: "",
      better: "less",
      ...byName(results, ({ tokenRequests }) => tokenRequests)
    }
    const time: Figure = {
      name: "all served",
      unit: "ms",
      better: "less",
      ...byName(results, ({ failed, millis }) => (failed ? `failed after ${number(millis)}` : millis)),
      controls: { "10,000 fibers that wait for a request by hand": least }
    }
    const best = bestPeer(time) ?? Number.NaN
    return {
      method:
        `The token endpoint takes ${delay} ms. Figures are medians of ${rounds} runs, each with a new client. One ` +
        "warm-up run before them is not counted. If a library made more than one request in it, that run is its only one, " +
        "and its figures are of that run. Callers are promises; each of ours runs a fiber. Ours and the fibers that only " +
        "wait ran by turns; their ratio is the median of the ratios of the rounds. One of those fibers makes the token " +
        "request by hand, over the same transport. The tutorial's class was run with 1,000 threads.",
      figures: [
        withPeer(requests, TutorialClass.asPeer(Option.map(tutorial, ({ tokenRequests }) => tokenRequests))),
        withPeer(time, TutorialClass.asPeer(Option.map(tutorial, ({ millis }) => `${number(millis)} (1,000 threads)`)))
      ],
      verdicts: [
        { goal: "1 request", found: number(requests.ours), isMet: requests.ours === 1 },
        {
          goal: `at most ${ofFibers} × the time of fibers that only wait`,
          found: `${number(ratio, 2)} × (${number(time.ours)} ms; the best peer, without fibers: ${number(best)} ms)`,
          isMet: ratio <= ofFibers,
          reason:
            `The library's part is ${number(((time.ours - least) / callers) * 1_000, 1)} µs a caller: its place in the list of those who ` +
            "wait, the count of the tokens that were handed out, and the exchange itself: one caller alone takes " +
            `${number(alone)} ms, of which the server takes ${delay}.`
        }
      ]
    } satisfies Findings
  })

const withPeer = (figure: Figure, peers: Figure["peers"]): Figure => ({
  ...figure,
  peers: { ...figure.peers, ...peers }
})

export const coldCache: Measure = {
  id: "B4",
  title: "10,000 callers on a cold cache",
  isQuick: true,
  run
}
