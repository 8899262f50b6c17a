/** A tracer that keeps every span, and the kept spans as text. */
import { Array, Effect, Option, Tracer } from "effect"
import { took } from "./print.js"

/** Wraps the tracer in use, which still gets every span. */
export const collect: Effect.Effect<{
  readonly tracer: Tracer.Tracer
  readonly spans: ReadonlyArray<Tracer.Span>
}> = Effect.map(Effect.tracer, (inner) => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    context: (execution, fiber) => inner.context(execution, fiber),
    span: (...start) => {
      const span = inner.span(...start)
      spans.push(span)
      return span
    }
  })
  return { tracer, spans }
})

/** A text with its time, in milliseconds since the epoch. */
export interface Entry {
  readonly at: number
  readonly text: string
}

export const timeOfDay = (millis: number): string => new Date(millis).toISOString().slice(11, 19)

const attributesShown = {
  "cxone_auth.cache": "cache",
  "cxone_auth.outcome": "outcome",
  "cxone_auth.attempts": "attempts",
  "http.response.status_code": "status"
}

const label = ({ attributes, name }: Tracer.Span, depth: number): string => {
  const shown = Object.entries(attributesShown).flatMap(([attribute, short]) =>
    attributes.has(attribute) ? [`${short}=${attributes.get(attribute)}`] : []
  )
  return `${"  ".repeat(depth)}${name}`.padEnd(30) + shown.join(" ")
}

const tookOf = ({ status }: Tracer.Span): string =>
  status._tag === "Ended" ? took(Number(status.endTime - status.startTime) / 1_000_000) : "not over"

interface Trace {
  readonly at: number
  readonly lines: ReadonlyArray<{ readonly label: string; readonly took: string }>
}

const tracesOf = (spans: ReadonlyArray<Tracer.Span>): ReadonlyArray<Trace> => {
  const parentOf = ({ parent }: Tracer.Span) =>
    Option.match(parent, { onNone: () => "", onSome: ({ spanId }) => spanId })
  const childrenOf = Array.groupBy(spans, parentOf)
  const linesOf = (span: Tracer.Span, depth: number): Trace["lines"] => [
    { label: label(span, depth), took: tookOf(span) },
    ...(childrenOf[span.spanId] ?? []).flatMap((child) => linesOf(child, depth + 1))
  ]
  return (childrenOf[""] ?? []).map((root) => ({
    at: Number(root.status.startTime / 1_000_000n),
    lines: linesOf(root, 0)
  }))
}

/** One entry for each kind of trace: the first of them, and how many there were, because most of them are alike. */
export const entries = (spans: ReadonlyArray<Tracer.Span>): ReadonlyArray<Entry> =>
  Object.values(Array.groupBy(tracesOf(spans), ({ lines }) => lines.map(({ label }) => label).join("\n"))).map(
    (alike) => {
      const [{ at, lines }] = alike
      const text = lines.map(
        ({ label, took }, index) =>
          `${index === 0 ? `${timeOfDay(at)}  ${`${alike.length} x`.padStart(6)}  ` : " ".repeat(18)}${label.padEnd(74)}${took}`
      )
      return { at, text: text.join("\n") }
    }
  )
