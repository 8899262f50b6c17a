/** Metrics as a table. */
import { Effect, Metric, MetricState } from "effect"
import { took } from "./print.js"

// The type of a metric's state is only in the type of its key, so it has to be checked here.
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

/** All metrics whose names begin with the prefix. Each set of labels is a row. */
export const table = (prefix: string): Effect.Effect<string> =>
  Effect.map(Metric.snapshot, (pairs) =>
    pairs
      .filter(({ metricKey }) => metricKey.name.startsWith(prefix))
      .map(({ metricKey, metricState }) => {
        const labels = metricKey.tags.map(({ key, value }) => `${key}=${value}`).sort()
        return `${metricKey.name.padEnd(44)}${labels.join(" ").padEnd(50)}${valueOf(metricState)}`
      })
      .sort()
      .join("\n")
  )
