/** Percentiles by nearest rank: each is one of the numbers that were measured. */

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export const of = (numbers: ReadonlyArray<number>): Percentiles => {
  const sorted = [...numbers].sort((one, other) => one - other)
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
  return { p50: rank(50), p95: rank(95), p99: rank(99) }
}
