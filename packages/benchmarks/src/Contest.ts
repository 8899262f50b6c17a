/** Opens contenders at the provider, each under an account of its own, and has them called at a steady pace. */
import { Effect } from "effect"
import type { Client, Contender } from "./contenders/Contender.js"
import { cxoneAuth } from "./contenders/CxoneAuth.js"
import { peers } from "./contenders/Peers.js"
import * as Provider from "./Provider.js"

/** `quick` leaves out who has to be given a wrapper. */
export const contenders = (quick: boolean): ReadonlyArray<Contender> => [
  cxoneAuth,
  ...peers.filter(({ managesTokens }) => managesTokens || !quick)
]

export interface Opened {
  readonly contender: Contender
  readonly clientId: string
  readonly client: Client
}

/**
 * How long before a token's end ours begins to renew it at the latest, in seconds (`TokenPolicy`: margin and window).
 * Whoever has such a number to set is given the same.
 */
const lead = (lifetime: number): number => Math.min(330, lifetime * 0.3)

/** A client of the contender, with an account that nobody else uses; `run` tells the runs apart. */
export const open = (
  contender: Contender,
  run: string,
  settings: Partial<Provider.ClientSettings & { readonly clientSecret: string }> = {}
) =>
  Effect.gen(function* () {
    const { origin } = yield* Provider.Provider
    const clientId = `${contender.name.replaceAll(/\W/g, "-")}-${run}`
    const { clientSecret = "secret", ...ofProvider } = settings
    yield* Provider.set(clientId, ofProvider)
    const { lifetime = 3_600 } = settings
    const client = yield* contender.open({ origin, clientId, clientSecret, buffer: lead(lifetime) })
    return { contender, clientId, client } satisfies Opened
  })

/** A call that has ended: how long after it was due, in milliseconds, and the status; none if it failed. */
export interface Call {
  readonly due: number
  readonly millis: number
  readonly status: number | undefined
}

/**
 * Calls at a steady pace, whether or not the ones before have ended; what a call waits for before it is even made
 * counts as well. Each is a promise, and none is made ready before it is due: fibers that sleep would be in its way.
 */
export const pace = ({ client }: Opened, path: string, perSecond: number, seconds: number) =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const call = async (due: number): Promise<Call> => {
      const status = await client.get(path).catch(() => undefined)
      return { due, millis: performance.now() - startedAt - due, status }
    }
    const made: Array<Promise<Call>> = []
    for (let index = 0; index < perSecond * seconds; index++) {
      const due = (index * 1_000) / perSecond
      yield* Effect.sleep(Math.max(0, startedAt + due - performance.now()))
      made.push(call(due))
    }
    return yield* Effect.promise(() => Promise.all(made))
  })

export const failures = (calls: ReadonlyArray<Call>): number => calls.filter(({ status }) => status !== 200).length

/** One figure from what each contender did; ours is the first. */
export const byName = <A>(
  results: ReadonlyArray<readonly [Contender, A]>,
  value: (result: A) => number | string
): { readonly ours: number; readonly peers: { readonly [name: string]: number | string } } => {
  const [ours, ...others] = results.map(([{ name }, result]) => [name, value(result)] as const)
  return { ours: Number(ours?.[1]), peers: Object.fromEntries(others) }
}
