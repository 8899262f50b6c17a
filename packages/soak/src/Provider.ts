/** The CXone of the soak: short-lived tokens, and something that goes wrong all the time. */
import { CxoneSimulator, defaultClient, Fault } from "cxone-auth-testkit"
import { Clock, Effect, Random, Ref, type Scope } from "effect"
import * as Draw from "./Draw.js"
import * as Faults from "./Faults.js"
import * as ServerTally from "./ServerTally.js"

export const layer = CxoneSimulator.layerServer({ clients: [{ ...defaultClient, tokenLifetime: "2 seconds" }] })

export interface Provider {
  /** What it has seen so far. */
  readonly tally: Effect.Effect<ServerTally.ServerTally>
}

/**
 * Lets things go wrong at the simulator until the scope is closed. Every few seconds the provider starts anew: it knows
 * no token any more, tokens live for 2 or 3 seconds from then on, and its record, which would else grow all the time,
 * is added up and empty.
 */
export const make: Effect.Effect<Provider, never, CxoneSimulator | Scope.Scope> = Effect.gen(function* () {
  const simulator = yield* CxoneSimulator
  const round = yield* Ref.make({ tally: ServerTally.empty, since: yield* Clock.currentTimeMillis })

  const tally = Effect.zipWith(simulator.requests, Ref.get(round), (requests, { since, tally }) =>
    ServerTally.add(tally, requests, since)
  )

  const restart = Effect.gen(function* () {
    const lifetime = yield* Draw.weighted([
      { weight: 1, value: "2 seconds" },
      { weight: 1, value: "3 seconds" }
    ] as const)
    const added = yield* tally
    yield* simulator.reset
    yield* Ref.set(round, {
      tally: ServerTally.addFault(added, "provider Restart"),
      since: yield* Clock.currentTimeMillis
    })
    yield* simulator.registerClient({ ...defaultClient, tokenLifetime: lifetime })
  })

  const loops = [
    Effect.zipRight(
      Draw.pause(300, 2500),
      Effect.flatMap(Faults.forToken, ({ fault, times }) => simulator.inject(fault, { on: "token", times }))
    ),
    Effect.zipRight(
      Draw.pause(2, 30),
      Effect.flatMap(Faults.forApi, (fault) => simulator.inject(fault, { on: "api" }))
    ),
    Effect.zipRight(Draw.pause(1500, 4000), simulator.inject(Faults.notYet, { on: "api" })),
    Effect.zipRight(Draw.pause(3000, 9000), simulator.inject(Fault.revokeToken, { on: "api" })),
    Effect.zipRight(Draw.pause(5000, 10_000), restart)
  ]
  const seed = yield* Random.next
  yield* Effect.forEach(loops, (loop, index) =>
    Effect.forkScoped(Effect.withRandom(Effect.forever(loop), Random.make(`${seed}/${index}`)))
  )
  return { tally }
})
