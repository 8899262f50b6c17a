import { Effect, Metric, type MetricState } from "effect"

/** The states of the metrics with this name and at least these labels. */
export const metricStates = (name: string, labels: { readonly [key: string]: string }) =>
  Effect.map(Metric.snapshot, (pairs) =>
    pairs
      .filter(
        ({ metricKey }) =>
          metricKey.name === name &&
          Object.entries(labels).every(([key, value]) =>
            metricKey.tags.some((tag) => tag.key === key && tag.value === value)
          )
      )
      .map(({ metricState }) => metricState)
  )

const isCounter = (state: MetricState.MetricState.Untyped): state is MetricState.MetricState.Counter<number> =>
  "count" in state && !("buckets" in state)
const isGauge = (state: MetricState.MetricState.Untyped): state is MetricState.MetricState.Gauge<number> =>
  "value" in state

/** The sum of the counters with this name and at least these labels. */
export const counted = (name: string, labels: { readonly [key: string]: string }) =>
  Effect.map(metricStates(name, labels), (states) =>
    states.filter(isCounter).reduce((sum, { count }) => sum + count, 0)
  )

/** The values of the gauges with this name and at least these labels. */
export const measured = (name: string, labels: { readonly [key: string]: string }) =>
  Effect.map(metricStates(name, labels), (states) => states.filter(isGauge).map(({ value }) => value))
