/** Many calls at once into an API that says "not yet": what arrives there, and when. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { CxoneHttpClient } from "cxone-auth"
import { Array, Duration, Effect, Either, Layer } from "effect"
import { type Arrival, arrivals, auth, CallServer } from "./CallServer.js"

/** How the API says "not yet": to everything for two seconds, or to more than 200 requests in a second. */
export type Kind = "closed" | "quota"

export interface Stampede {
  readonly name: string
  readonly calls: number
  readonly arrivals: ReadonlyArray<Arrival>
  readonly served: number
  readonly rateLimited: number
  readonly seconds: number
}

/** When the time of the first "not yet" had passed, in milliseconds after the first request. */
export const opening = 2_000

/** How many arrived from `from` on and before `to`, in milliseconds. */
export const arrived = ({ arrivals }: Stampede, from: number, to: number): number =>
  arrivals.filter(([at]) => at >= from && at < to).length

/** Arrivals in slots of so many milliseconds, from the first one on. */
export const slots = ({ arrivals }: Stampede, width: number): ReadonlyArray<number> => {
  const last = Math.max(0, ...arrivals.map(([at]) => at))
  const counts = Array.replicate(0, Math.floor(last / width) + 1)
  return arrivals.reduce((sum, [at]) => Array.modify(sum, Math.floor(at / width), (count) => count + 1), counts)
}

const run = <E, R>(kind: Kind, name: string, calls: number, call: (path: string) => Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const path = `${kind}/${encodeURIComponent(name)}`
    const all = Effect.all(Array.replicate(Effect.either(call(`/${path}`)), calls), { concurrency: "unbounded" })
    const [took, results] = yield* Effect.timed(all)
    const served = results.filter(Either.isRight).length
    return {
      name,
      calls,
      arrivals: yield* arrivals(path),
      served,
      rateLimited: calls - served,
      seconds: Duration.toSeconds(took)
    } satisfies Stampede
  })

/** With the library, where so many may wait. */
export const withLibrary = (kind: Kind, name: string, calls: number, maxWaitingCalls: number) =>
  Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    // The token is there before, and so are the paths of the code.
    yield* Effect.flatMap(cxone.get("/free"), ({ text }) => text)
    return yield* run(kind, name, calls, (path) =>
      Effect.flatMap(HttpClient.filterStatusOk(cxone).get(path), ({ text }) => text)
    )
  }).pipe(
    Effect.provide(
      CxoneHttpClient.layer({ onRateLimited: { wait: "5 minutes" }, policy: { maxWaitingCalls } }).pipe(
        Layer.provide(auth)
      )
    )
  )

/** Without it: each call tries again by itself, as soon as the answer to it said. */
export const byThemselves = (kind: Kind, name: string, calls: number) =>
  Effect.gen(function* () {
    const { origin } = yield* CallServer
    const http = yield* HttpClient.HttpClient
    const call = (path: string): Effect.Effect<string, unknown> =>
      Effect.flatMap(http.execute(HttpClientRequest.get(new URL(path, origin))), (response) =>
        response.status === 429
          ? response.text.pipe(
              Effect.zipRight(Effect.sleep(Duration.seconds(Number(response.headers["retry-after"])))),
              Effect.zipRight(Effect.suspend(() => call(path)))
            )
          : response.text
      )
    return yield* run(kind, name, calls, call)
  })
