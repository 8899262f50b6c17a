import * as Ends from "./Ends.js"
import * as Gates from "./Gates.js"
import { History, type Reached } from "./History.js"
import * as Refusals from "./Refusals.js"
import type { Timed } from "./Trace.js"

/**
 * Reads a trace from its beginning and lists everything that the rules C2 to C8, L3, L10 and L12 forbid. It knows nothing
 * of lines, memories or fibers.
 */
export const judge = (events: ReadonlyArray<Timed>, reached: Reached): ReadonlyArray<string> => {
  const objections: Array<string> = []
  const history = new History()
  const object = ({ at, wall, ...event }: Timed, rule: string, text: string) =>
    void objections.push(`${rule}: ${text} (at ${at / 1000} s: ${JSON.stringify(event)})`)
  const refusals = Refusals.make(history, object, reached)
  const gates = Gates.make(history, object, reached)
  const ends = Ends.make(history, object, reached)
  for (const event of events) {
    history.see(event)
    refusals.see(event)
    gates.see(event)
    ends.see(event)
  }
  ends.end()
  return objections
}
