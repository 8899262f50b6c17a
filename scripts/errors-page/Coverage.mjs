/**
 * Which code has run, as V8 counts it: each function, and each branch of it.
 */
import { Session } from "node:inspector/promises"

const length = ({ startOffset, endOffset }) => endOffset - startOffset

export const contains = (outer, { startOffset, endOffset }) =>
  outer.startOffset <= startOffset && outer.endOffset >= endOffset

/** Starts to count, for all code that is loaded from now on. Gives what takes the counts of each file, by its URL. */
export const start = async () => {
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true })
  return async () => {
    const { result } = await session.post("Profiler.takePreciseCoverage")
    session.disconnect()
    return new Map(result.map(({ functions, url }) => [url, functions.flatMap(({ ranges }) => ranges)]))
  }
}

/** Whether the code at a place has run. The smallest range around it says so. */
export const hasRun = (ranges, place) => {
  const around = ranges.filter((range) => contains(range, place)).sort((a, b) => length(a) - length(b))
  return around.length > 0 && around[0].count > 0
}

/** The functions and branches that have not run, without those inside of them. */
export const notRun = (ranges) => {
  const skipped = ranges.filter(({ count }) => count === 0)
  return skipped.filter((range) => !skipped.some((other) => length(other) > length(range) && contains(other, range)))
}
