/** Percentiles by nearest rank: each is one of the numbers that were measured. */

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const rank = (sorted: ReadonlyArray<number>, percent: number): number =>
  sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN

const sort = (numbers: ReadonlyArray<number>): ReadonlyArray<number> => [...numbers].sort((one, other) => one - other)

export const at = (numbers: ReadonlyArray<number>, percent: number): number => rank(sort(numbers), percent)

export const of = (numbers: ReadonlyArray<number>): Percentiles => {
  const sorted = sort(numbers)
  return { p50: rank(sorted, 50), p95: rank(sorted, 95), p99: rank(sorted, 99) }
}
