import { Schema } from "effect"

/** What a process of the fleet tells of itself. */
export interface Report {
  /** The calls that have ended, and those of them that failed. */
  readonly calls: number
  readonly failed: number
  /** Where its token came from. */
  readonly source?: "exchange" | "store"
}

/** As a line of JSON. */
export const Report: Schema.Schema<Report, string> = Schema.parseJson(
  Schema.Struct({
    calls: Schema.Number,
    failed: Schema.Number,
    source: Schema.optionalWith(Schema.Literal("exchange", "store"), { exact: true })
  })
)
