/** B1: what a look for a cached token costs. */
import { Array, type Clock, Duration, Effect } from "effect"
import { contenders, open } from "../Contest.js"
import * as BriefsClass from "../contenders/BriefsClass.js"
import * as Percentiles from "../Percentiles.js"
import { bestPeer, type Section } from "../Section.js"
import { number } from "../Table.js"

const succeed = "`Effect.succeed`, yielded"
const readClock = "a step that reads the clock, yielded"

const loop = (effect: () => Effect.Effect<unknown>) => (times: number) =>
  Effect.runPromise(
    Effect.gen(function* () {
      for (let time = 0; time < times; time++) {
        yield* effect()
      }
    })
  )

const nothing = Effect.succeed(0)
const controls = [
  [succeed, loop(() => Effect.succeed(0))],
  [
    readClock,
    loop(() => Effect.clockWith((clock: Clock.Clock) => (clock.unsafeCurrentTimeMillis() > 0 ? nothing : Effect.never)))
  ]
] as const

export const measure = (quick: boolean) =>
  Effect.gen(function* () {
    const times = quick ? 100_000 : 300_000
    const opened = yield* Effect.forEach(contenders(quick), (contender) => open(contender, "cached"))
    const looks = [
      ...opened.map(({ client, contender }) => [contender.name, client.lookFor] as const),
      ...controls
    ] as const
    const round = Effect.forEach(looks, ([name, lookFor]) =>
      Effect.gen(function* () {
        const [took] = yield* Effect.timed(Effect.promise(() => lookFor(times)))
        return [name, (Duration.toMillis(took) * 1e6) / times] as const
      })
    )
    yield* round
    const rounds = yield* Effect.all(Array.replicate(round, quick ? 5 : 9))
    const median = (name: string) =>
      Percentiles.of(rounds.flatMap((all) => all.flatMap(([of, nanos]) => (of === name ? [nanos] : [])))).p50
    const [ours = Number.NaN, ...others] = looks.map(([name]) => median(name))
    const theirs = looks.slice(1).map(([name], index) => [name, others[index] ?? Number.NaN] as const)
    const brief = quick ? [] : [[BriefsClass.name, yield* BriefsClass.cachedToken(times)] as const]
    const figure = {
      name: "a cached token",
      unit: "ns",
      better: "less",
      ours,
      peers: Object.fromEntries([...theirs, ...brief])
    } as const
    const managing = contenders(true).map(({ name }) => name)
    const best = bestPeer(figure, (name) => managing.includes(name)) ?? Number.NaN
    const step = median(readClock)
    const reason =
      `A step of an Effect fiber that reads the clock and does nothing else took ${number(step)} ns in the same run, and ` +
      "reading the clock is what makes a token valid: below that only a promise can go, which is not under `TestClock`. " +
      `What the library adds to it is ${number(ours - step)} ns, two metrics included.`
    return {
      id: "B1",
      title: "A cached token",
      method:
        `${number(times)} looks in one running fiber; peers: awaited calls in one async function. Medians of ${quick ? 5 : 9} rounds, ` +
        "by turns.",
      figures: [figure],
      verdicts: [
        {
          goal: "no slower than the fastest peer that manages tokens",
          found: `${number(ours)} ns against ${number(best)} ns`,
          isMet: ours <= best,
          reason
        },
        {
          goal: "not above 4 × a yielded `Effect.succeed`",
          found: `${number(ours / median(succeed), 1)} ×`,
          isMet: ours <= 4 * median(succeed),
          reason
        }
      ]
    } satisfies Section
  })
