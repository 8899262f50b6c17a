import * as Duration from "effect/Duration"
import type { Fault } from "../faults/Fault.js"
import type { FaultQueue, Queued } from "../faults/FaultQueue.js"
import { listOf, type RecordedRequest } from "../recorder/Recorder.js"

/** Tells which faults no request has taken, or too few, or in vain, and what arrived instead; `undefined` if there are none. */
export const of = (
  { inVain, pending }: Pick<FaultQueue, "inVain" | "pending">,
  requests: ReadonlyArray<RecordedRequest>
): Error | undefined => {
  const parts = [
    ["these faults were injected, but no request took them, or too few did", pending().map(describe)],
    ["these faults changed nothing", inVain()]
  ] as const
  const told = parts
    .filter(([, faults]) => faults.length > 0)
    .map(([what, faults]) => [`CxoneSimulator: ${what}:`, ...faults.map((fault) => `  ${fault}`)].join("\n"))
  return told.length === 0 ? undefined : new Error([...told, listOf(requests)].join("\n"))
}

const describe = ({ after, fault, latency, on, passed, selector, taken, times }: Queued): string => {
  const fits = Object.entries(selector)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `, ${name} ${value}`)
  const passing = after === 0 ? "" : `, passed by ${passed} of ${after} requests`
  const wait = Duration.toMillis(latency) === 0 ? "" : `, after ${Duration.format(latency)}`
  return `${nameOf(fault)} on ${on}${fits.join("")}${passing}${wait}: taken ${taken} of ${times} times`
}

const nameOf = (fault: Fault): string =>
  fault._tag === "Respond" || fault._tag === "EarlyAnswer" ? `${fault._tag} (${fault.status})` : fault._tag
