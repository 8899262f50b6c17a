import { FastCheck as fc } from "effect"
import { type Behaviour, type Provider, up } from "./Cxone.js"
import { type Asked, type Route, routes } from "./Trace.js"

export type Command =
  | ({
      readonly tag: "call"
      readonly count: number
      /** After how many ms the caller ends by itself; never if `undefined`. */
      readonly leavesAfter: number | undefined
      readonly leavesBy: "interruption" | "time-out"
      /** Whether it reads the body of its response. */
      readonly reads: boolean
    } & Asked)
  | { readonly tag: "sleep"; readonly millis: number }
  | { readonly tag: "route"; readonly route: Route; readonly behaviour: Partial<Behaviour> }
  | { readonly tag: "provider"; readonly change: Partial<Provider> }
  | { readonly tag: "revoke" }
  | { readonly tag: "jump"; readonly by: number }
  | { readonly tag: "close" }

const seconds = 1_000
const minute = 60 * seconds
const hour = 60 * minute

const route = fc.constantFrom(...routes)

const behaviour: fc.Arbitrary<Partial<Behaviour>> = fc.record({
  mood: fc.constantFrom<Behaviour["mood"]>(
    "up",
    "up",
    "refuses",
    "refuses",
    "refuses once",
    "refuses young",
    "alternates",
    "429",
    "429",
    "429",
    "503",
    "forbidden",
    "scope"
  ),
  arrival: fc.constantFrom(200, 700, 1_500),
  retryAfter: fc.constantFrom(undefined, 0, 1, 2, 5, 30, 999_999),
  latency: fc.constantFrom(0, 0, 0, 100, 2_000, 20_000),
  body: fc.constantFrom<Behaviour["body"]>("whole", "whole", "whole", "stalled", "endless", "cut"),
  lasts: fc.constantFrom(1, 1, 2, 5, Number.POSITIVE_INFINITY)
})

const asked = {
  route,
  isStream: fc.constantFrom(false, false, false, true),
  patience: fc.constantFrom(0, 0, 2 * seconds, 10 * seconds, minute, 10 * minute),
  isMarked: fc.boolean(),
  wants: fc.constantFrom<Asked["wants"]>([], [], [], [401, 403, 429, 503], [429]),
  client: fc.constantFrom<Asked["client"]>("typed", "plain"),
  isUninterruptible: fc.constantFrom(false, false, false, true)
}

const call: fc.Arbitrary<Command> = fc.record({
  tag: fc.constant("call" as const),
  ...asked,
  count: fc.constantFrom(1, 1, 2, 5),
  leavesAfter: fc.option(fc.constantFrom(0, 1, 300, 1_500, 5_000), { nil: undefined, freq: 4 }),
  leavesBy: fc.constantFrom("interruption" as const, "time-out" as const),
  reads: fc.boolean()
})

const sleep: fc.Arbitrary<Command> = fc
  .constantFrom(0, 1, 200, 500, 1_000, 1_000, 2_500, 6_000, 20_000, 45_000, 2 * minute, hour)
  .map((millis) => ({ tag: "sleep", millis }))

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 40, arbitrary: call },
  { weight: 25, arbitrary: sleep },
  { weight: 20, arbitrary: fc.record({ tag: fc.constant("route" as const), route, behaviour }) },
  { weight: 6, arbitrary: fc.constant({ tag: "revoke" as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      tag: fc.constant("provider" as const),
      change: fc.record(
        {
          tenant: fc.constantFrom("a" as const, "b" as const),
          latency: fc.constantFrom(0, 0, 100, 3_000),
          retryAfter: fc.constantFrom(undefined, undefined, 2, 20)
        },
        { requiredKeys: [] }
      )
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      tag: fc.constant("jump" as const),
      by: fc.constantFrom(5 * seconds, 90 * seconds, 2 * hour, -5 * seconds, -90 * seconds, -2 * hour)
    })
  },
  { weight: 1, arbitrary: fc.constant({ tag: "close" as const }) }
)

export const plainCall: Extract<Command, { readonly tag: "call" }> = {
  tag: "call",
  route: "GET /users/{id}",
  isStream: false,
  patience: 0,
  isMarked: false,
  wants: [],
  client: "typed",
  isUninterruptible: false,
  count: 1,
  leavesAfter: undefined,
  leavesBy: "interruption",
  reads: true
}

const soundAgain: ReadonlyArray<Command> = routes.map((each) => ({ tag: "route", route: each, behaviour: up }))

/** Some routes refuse every token while calls go to all of them, again and again. */
const storm: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(200, 1_000, 3_000), fc.integer({ min: 4, max: 16 }))
  .map(([bad, millis, rounds]) => [
    ...soundAgain,
    ...routes.slice(0, bad).map((each): Command => ({ tag: "route", route: each, behaviour: { mood: "refuses" } })),
    ...Array.from({ length: rounds }, () => [
      ...routes.map((each): Command => ({ ...plainCall, route: each })),
      { tag: "sleep", millis } as const
    ]).flat()
  ])

/** Every token ends at once, and many calls notice it together. */
const revocation: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .tuple(fc.constantFrom(0, 500, 3_000, minute), fc.constantFrom(0, 100), fc.boolean())
  .map(([millis, latency, wantsAll]) => [
    ...soundAgain,
    { tag: "provider", change: { retryAfter: undefined, latency } },
    plainCall,
    { tag: "sleep", millis: 20_000 },
    { tag: "revoke" },
    ...routes.map(
      (each): Command => ({ ...plainCall, route: each, count: 12, wants: wantsAll ? [401, 403, 429, 503] : [] })
    ),
    { tag: "sleep", millis },
    { tag: "revoke" },
    { ...plainCall, count: 3 }
  ])

/** A new token does not arrive everywhere at once. */
const arrival: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .record({
    route,
    mood: fc.constantFrom("refuses young" as const, "refuses once" as const),
    arrival: fc.constantFrom(200, 700, 1_500),
    body: fc.constantFrom("whole" as const, "stalled" as const, "endless" as const),
    count: fc.integer({ min: 1, max: 4 })
  })
  .map(({ count, route: one, ...behaviour }) => [
    ...soundAgain,
    { tag: "provider", change: { retryAfter: undefined, latency: 0 } },
    { tag: "sleep", millis: 3 * minute },
    ...routes.map((each): Command => ({ ...plainCall, route: each })),
    { tag: "sleep", millis: 2_500 },
    { tag: "route", route: one, behaviour },
    { tag: "revoke" },
    { ...plainCall, route: one, count },
    ...routes.map((each): Command => ({ ...plainCall, route: each })),
    { tag: "sleep", millis: 6_000 }
  ])

/** A place that has refused new tokens takes one; later a token is revoked. */
const forgiven: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .tuple(route, fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 400, 1_900))
  .map(([one, strikes, millis]) => [
    ...soundAgain,
    { tag: "sleep", millis: 2 * minute },
    { tag: "route", route: one, behaviour: { mood: "refuses" } },
    ...Array.from(
      { length: strikes },
      (_, index): ReadonlyArray<Command> => [
        { ...plainCall, route: one },
        { tag: "sleep", millis: 2_500 + 1_000 * 2 ** index }
      ]
    ).flat(),
    { ...plainCall, route: one },
    { tag: "sleep", millis: 1 },
    { tag: "route", route: one, behaviour: up },
    { ...plainCall, route: one, count: 2 },
    { tag: "sleep", millis },
    { tag: "revoke" },
    { ...plainCall, route: one, count: 2 },
    { tag: "sleep", millis: 3_000 }
  ])

/** Many calls wait for one route, in which some of them leave, while others go on. */
const crowd: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .record({
    route,
    retryAfter: fc.constantFrom(1, 1, 5, undefined),
    latency: fc.constantFrom(0, 100, 20_000),
    /** How many of the calls that waited are answered with 429 once more. */
    again: fc.constantFrom(0, 0, 1, 2),
    leavesAfter: fc.constantFrom(undefined, 1_500, 5_000),
    others: fc.array(call, { minLength: 2, maxLength: 6 }),
    then: fc.constantFrom<Command>(
      { tag: "sleep", millis: 400 },
      { tag: "close" },
      { tag: "jump", by: -2 * hour },
      { tag: "jump", by: -90 * seconds },
      { tag: "jump", by: 90 * seconds }
    )
  })
  .map(({ again, latency, leavesAfter, others, retryAfter, route: one, then }) => [
    ...soundAgain,
    { tag: "sleep", millis: hour },
    plainCall,
    { tag: "sleep", millis: 2_500 },
    { tag: "route", route: one, behaviour: { mood: "429", retryAfter, latency: 0, body: "whole", lasts: 1 } },
    { ...plainCall, route: one },
    { tag: "sleep", millis: 1 },
    {
      tag: "route",
      route: one,
      behaviour: again === 0 ? { latency } : { mood: "429", retryAfter, latency, lasts: again }
    },
    { ...plainCall, route: one, patience: 10 * minute, isMarked: true, count: 10, leavesAfter },
    ...others.map((other): Command => (other.tag === "call" ? { ...other, route: one } : other)),
    ...routes.filter((each) => each !== one).map((each): Command => ({ ...plainCall, route: each })),
    { tag: "sleep", millis: 300 },
    then,
    { tag: "sleep", millis: 2_500 },
    { ...plainCall, route: one },
    { tag: "sleep", millis: 20_000 }
  ])

/** A route says "not yet" to calls that may wait, some of which may be sent again. */
const limited: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .record({
    route,
    behaviour,
    retryAfter: fc.constantFrom(undefined, 0, 1, 2, 30),
    lasts: fc.constantFrom(1, 2, 3),
    calls: fc.array(call, { minLength: 1, maxLength: 4 }),
    patience: fc.constantFrom(10 * seconds, minute)
  })
  .map(({ behaviour: other, calls, lasts, patience, retryAfter, route: one }) => [
    { tag: "route", route: one, behaviour: { ...other, mood: "429", retryAfter, lasts } },
    ...calls.map((each): Command => (each.tag === "call" ? { ...each, route: one, patience } : each)),
    { tag: "sleep", millis: 4_000 }
  ])

export const story: fc.Arbitrary<ReadonlyArray<Command>> = fc
  .array(
    fc.oneof(
      { weight: 28, arbitrary: command.map((one): ReadonlyArray<Command> => [one]) },
      { weight: 4, arbitrary: fc.oneof(storm, revocation, arrival, forgiven, crowd, limited) }
    ),
    { minLength: 4, maxLength: 24, size: "max" }
  )
  .map((parts) => parts.flat())
