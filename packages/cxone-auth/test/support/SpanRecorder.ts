import { Effect, Tracer } from "effect"

/** A tracer that keeps every span it opens, in order. */
export interface SpanRecorder {
  readonly tracer: Tracer.Tracer
  readonly spans: ReadonlyArray<Tracer.Span>
  /** The spans with this name. */
  readonly named: (name: string) => ReadonlyArray<Tracer.Span>
}

/** Makes a recorder whose spans are those of Effect's own tracer. Use it by `Effect.withTracer(recorder.tracer)`. */
export const make = (): SpanRecorder => {
  const spans: Array<Tracer.Span> = []
  const native = Effect.runSync(Effect.tracer)
  const tracer = Tracer.make({
    span: (...input) => {
      const span = native.span(...input)
      spans.push(span)
      return span
    },
    context: (run, fiber) => native.context(run, fiber)
  })
  return { tracer, spans, named: (name) => spans.filter((span) => span.name === name) }
}
