/** Everything that was measured. */
import type { Memory } from "./Heap.js"
import type { Percentiles } from "./Percentiles.js"
import type { Settings } from "./Settings.js"

/** All tenants, so many at once. */
export interface Pace {
  readonly tenants: number
  /** Milliseconds, without those that the samples of memory took. */
  readonly wall: number
  /** Milliseconds of processor time of this process. */
  readonly cpu: number
}

/** Memory after so many tenants. */
export interface Sample extends Memory {
  readonly tenants: number
}

/** A map that was filled and emptied. */
export interface Growth {
  /** In the order of time; the first is before the first tenant. */
  readonly samples: ReadonlyArray<Sample>
  readonly dropped: Memory
  readonly pace: Pace
}

/** The tenants, filled and emptied; the tokens are counted as objects. */
export interface Round extends Growth {
  readonly byHand: Pace
  readonly tokensFull: number
  readonly tokensDropped: number
}

export interface Figures {
  readonly settings: Settings
  /** Characters, a byte each. */
  readonly tokenLength: number
  readonly cold: {
    /** Milliseconds from nothing to the answer of the first call. */
    readonly library: Percentiles
    readonly byHand: Percentiles
  }
  readonly rounds: readonly [Round, Round]
  /** Memory and time of `LayerMap` alone. */
  readonly entries: Growth
}

/** Bytes a tenant, when the map is full and after it was emptied. */
export const perTenant = ({ dropped, samples }: Pick<Growth, "dropped" | "samples">) => {
  const none: Sample = { tenants: 0, heap: Number.NaN, rss: Number.NaN }
  const before = samples[0] ?? none
  const full = samples.at(-1) ?? none
  const difference = (memory: Memory): Memory => ({
    heap: (memory.heap - before.heap) / full.tenants,
    rss: (memory.rss - before.rss) / full.tenants
  })
  return { full: difference(full), left: difference(dropped) }
}
