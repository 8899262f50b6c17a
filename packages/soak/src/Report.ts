/** What the app under soak tells the process that started it: a line of JSON on its standard output each time. */
import { Schema } from "effect"

/** How often each kind of something was met. */
export const Counts = Schema.Record({ key: Schema.String, value: Schema.Number })
export type Counts = typeof Counts.Type

/** What has been done so far. */
export const Done = Schema.Struct({
  /** Calls to the API that were begun, and tokens that were asked for directly. */
  calls: Schema.Number,
  tokens: Schema.Number,
  /** How often a call was left by whoever made it: interrupted, or out of patience. */
  abandoned: Schema.Number,
  /** How often each kind of failure was met, and what the first of each said. */
  failures: Counts,
  examples: Schema.Record({ key: Schema.String, value: Schema.String })
})
export type Done = typeof Done.Type

/** How things are, once a second or so. */
export const Progress = Schema.TaggedStruct("Progress", { done: Done, heap: Schema.Number })

/** What was found, when everything has been closed. */
export const Report = Schema.TaggedStruct("Report", {
  done: Done,
  /** Bytes in use after each garbage collection, in the order of time, once everything was warm. */
  heap: Schema.Array(Schema.Number),
  /** How many `AccessToken` objects there were at the end of the traffic, before the layers were closed. */
  tokensAlive: Schema.Number,
  /** For how many milliseconds, at the most, the app had to wait for its turn: the machine has other things to do. */
  longestStall: Schema.Number,
  fibersLeft: Schema.Array(Schema.String),
  handlesLeft: Schema.Array(Schema.String)
})
export type Report = typeof Report.Type

export const Message = Schema.Union(Progress, Report)
export type Message = typeof Message.Type

/** A message as a line, and back. */
export const Line = Schema.parseJson(Message)
