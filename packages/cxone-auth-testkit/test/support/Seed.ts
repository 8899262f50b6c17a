/**
 * The seed of random sequences. Without `runs`, which a deep run gives, they are the same every time. A deep run is random,
 * or has the seed MODEL_SEED, so that CI does not fail for a change that has nothing to do with it.
 */
export const seedUnless = (runs: string | undefined): { readonly seed?: number } => {
  const given = process.env.MODEL_SEED
  if (given !== undefined) return { seed: Number(given) }
  return runs === undefined ? { seed: 2026 } : {}
}
