/** Metrics as a table. */
import { Effect, Metric, MetricState } from "effect"
import { took } from "./print.js"

// Effect keeps the type of a metric's state in the type of its key alone: here it is told by looking.
const valueOf = (state: unknown): string => {
  if (MetricState.isCounterState(state)) {
    return String(state.count)
  }
  if (MetricState.isGaugeState(state)) {
    return String(state.value)
  }
  if (MetricState.isHistogramState(state)) {
    return `${state.count} (average ${took((state.sum / state.count) * 1000)}, longest ${took(state.max * 1000)})`
  }
  return "?"
}

/** Every metric whose name starts so, a row for each set of labels. */
export const table = (prefix: string): Effect.Effect<string> =>
  Effect.map(Metric.snapshot, (pairs) =>
    pairs
      .filter(({ metricKey }) => metricKey.name.startsWith(prefix))
      .map(({ metricKey, metricState }) => {
        const labels = metricKey.tags.map(({ key, value }) => `${key}=${value}`).sort()
        return `${metricKey.name.padEnd(30)}${labels.join(" ").padEnd(50)}${valueOf(metricState)}`
      })
      .sort()
      .join("\n")
  )
