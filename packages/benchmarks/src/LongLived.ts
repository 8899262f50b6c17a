/**
 * The objects that survive two collections of young objects. V8 has copied each of them twice, and keeps it until the next
 * full collection.
 */
import { Session } from "node:inspector/promises"
import { Effect } from "effect"
import * as Heap from "./Heap.js"

interface Node {
  readonly selfSize: number
  readonly children: ReadonlyArray<Node>
}

const sizeOf = ({ children, selfSize }: Node): number => children.reduce((sum, child) => sum + sizeOf(child), selfSize)

const session = Effect.acquireRelease(
  Effect.sync(() => {
    const session = new Session()
    session.connect()
    return session
  }),
  (session) => Effect.sync(() => session.disconnect())
)

/** Runs an effect, and gives the bytes that it left among the old objects, whether or not they are in use. */
export const bytes = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const profiler = yield* session
      yield* Heap.collect
      yield* Effect.promise(() =>
        profiler.post("HeapProfiler.startSampling", { samplingInterval: 1_024, includeObjectsCollectedByMajorGC: true })
      )
      yield* effect
      // What is still young, and not in use, must not count. One collection finds that.
      yield* Heap.collectYoung
      const { profile } = yield* Effect.promise(() => profiler.post("HeapProfiler.stopSampling"))
      return sizeOf(profile.head)
    })
  )
