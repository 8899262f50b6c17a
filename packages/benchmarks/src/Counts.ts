/** How many requests of each kind the server has answered. */
import { Schema } from "effect"

export const Counts = Schema.Struct({
  openid: Schema.Number,
  token: Schema.Number,
  configuration: Schema.Number,
  api: Schema.Number,
  /** Refused: another tenant's token, or none, or no such place. */
  refused: Schema.Number
})

export type Counts = typeof Counts.Type
