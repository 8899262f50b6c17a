import * as Duration from "effect/Duration"
import type { Fault } from "../faults/Fault.js"
import type { Queued } from "../faults/FaultQueue.js"
import { listOf, type RecordedRequest } from "../recorder/Recorder.js"

/** Tells which faults no request has taken, or too few, and what arrived instead. */
export const make = (pending: ReadonlyArray<Queued>, requests: ReadonlyArray<RecordedRequest>): Error => {
  const faults = pending.map((queued) => `  ${describe(queued)}`).join("\n")
  return new Error(
    `CxoneSimulator: these faults were injected, but no request took them, or too few did:\n${faults}\n${listOf(requests)}`
  )
}

const describe = ({ fault, latency, on, selector, taken, times }: Queued): string => {
  const fits = Object.entries(selector)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `, ${name} ${value}`)
  const after = Duration.toMillis(latency) === 0 ? "" : `, after ${Duration.format(latency)}`
  return `${nameOf(fault)} on ${on}${fits.join("")}${after}: taken ${taken} of ${times} times`
}

const nameOf = (fault: Fault): string =>
  fault._tag === "Respond" || fault._tag === "EarlyAnswer" ? `${fault._tag} (${fault.status})` : fault._tag
