/** What one transport's trial has brought to light. */
import type { Option } from "effect"
import type { Report } from "./Report.js"
import type { ServerTally } from "./ServerTally.js"

export interface Findings {
  readonly transport: string
  readonly server: ServerTally
  /** None if the app ended without one. */
  readonly report: Option.Option<Report>
  /** What it ended with, and how long after its report; none if it had to be killed. */
  readonly exit: Option.Option<{ readonly code: number; readonly millis: number }>
}
