/** What a measurement has found, ready to be printed. */

/** One measured quantity: ours, and each peer's. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly better: "less" | "more"
  readonly ours: number
  /** By name; a text where a peer did something else instead. */
  readonly peers: { readonly [name: string]: number | string }
  /** What else was measured, to compare with: no library that one could pick. */
  readonly controls?: { readonly [name: string]: number }
  /** Ours by the best peer's, where it was taken round by round. */
  readonly ratio?: number
  /** Digits after the point. */
  readonly digits?: number
}

export interface Verdict {
  readonly goal: string
  readonly found: string
  readonly isMet: boolean
  /** Where it is not met: why, with the evidence. */
  readonly reason?: string
}

/** What a measure has found. */
export interface Findings {
  readonly method: string
  readonly figures: ReadonlyArray<Figure>
  readonly verdicts: ReadonlyArray<Verdict>
  /** SVGs by the name of their file. */
  readonly plots?: { readonly [file: string]: string }
}

export interface Section extends Findings {
  /** B1 to B13. */
  readonly id: string
  readonly title: string
}

/** The best number among the peers; `undefined` where none has one. */
export const bestPeer = ({ better, peers }: Pick<Figure, "better" | "peers">): number | undefined => {
  const numbers = Object.values(peers).filter((value) => typeof value === "number")
  return numbers.length === 0 ? undefined : better === "less" ? Math.min(...numbers) : Math.max(...numbers)
}

/** Ours by the best peer's. */
export const ratio = (figure: Figure): number | undefined => {
  const best = bestPeer(figure)
  return figure.ratio ?? (best === undefined || best === 0 ? undefined : figure.ours / best)
}
