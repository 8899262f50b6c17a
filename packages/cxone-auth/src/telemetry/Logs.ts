/**
 * What is logged. A person must act on a warning, or will look for it afterwards; all else is DEBUG, and INFO stays empty.
 */

import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import { own } from "./Spans.js"

/** What a warning is about, as its annotations say it. */
export interface About {
  /** The number of the attempt. */
  readonly attempt?: number | undefined
  /** The tenant, if a token has named it. */
  readonly tenant?: string | undefined
  /** For how long from now it holds what the message says. It is shown as a time. */
  readonly lasts?: Duration.Duration | undefined
}

/** Logs a warning. Nothing in it may be a secret (S1). */
export const warn = (message: string, { attempt, lasts, tenant }: About = {}): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.annotateLogs(
      Effect.logWarning(message),
      ownNames({ attempt, tenant, until: lasts === undefined ? undefined : timeAfter(now, lasts) })
    )
  ).pipe(survive)

/** Logs what only somebody who looks for it needs. */
export const debug = (...message: ReadonlyArray<unknown>): Effect.Effect<void> => survive(Effect.logDebug(...message))

/** A logger of the app's that throws must not end an exchange or a call. */
const survive = Effect.catchAllDefect(() => Effect.void)

/** The last moment that a `Date` can hold (ECMAScript, "Time Values and Time Range"), in milliseconds. */
const lastMoment = 8.64e15

/** The time in UTC, as ISO 8601 writes it. */
const timeAfter = (now: number, wait: Duration.Duration): string =>
  new Date(Math.min(now + Math.ceil(Duration.toMillis(wait)), lastMoment)).toISOString()

/** What all lines of an effect are about. */
interface Common {
  /** The name that the app has given the layer. */
  readonly client?: string | undefined
  readonly tenant?: string | undefined
  /** During a rotation: which of the two credentials. */
  readonly credentials?: "current" | "next" | undefined
}

/** Annotates what an effect logs. */
export const annotate =
  (about: Common) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.annotateLogs(effect, ownNames({ ...about }))

const ownNames = (values: Record.ReadonlyRecord<string, string | number | undefined>) =>
  Record.mapKeys(
    Record.filter(values, (value) => value !== undefined),
    own
  )
