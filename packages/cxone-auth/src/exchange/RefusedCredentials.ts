import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { InsufficientScope, InvalidClient } from "../errors/CxoneAuthError.js"
import * as Period from "../token/Period.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import { type Credentials, isSame } from "./Credentials.js"

/**
 * The credentials that the token endpoint refused (L6): a circuit breaker, which is open for a while after each refusal,
 * and then lets one probe through.
 */
export interface RefusedCredentials {
  /**
   * Runs an attempt with these credentials. While their refusal is remembered, the attempt is not run, and the refusal
   * is the failure. After that time the next attempt is the probe, and all others still fail until the probe ends. A
   * token clears all refusals, those of other credentials too. `InvalidClient` comes out with `retryAfter`.
   */
  readonly guard: <A, E, R>(
    credentials: Credentials,
    attempt: Effect.Effect<A, E | InvalidClient, R>
  ) => Effect.Effect<A, E | InvalidClient, R>
  /** Forgets the refusals of all but these credentials. */
  readonly retain: (credentials: ReadonlyArray<Credentials>) => Effect.Effect<void>
  /** The refusal of these credentials, while it is remembered. */
  readonly inForce: (credentials: Credentials) => Effect.Effect<Option.Option<InvalidClient>>
}

interface Refusal {
  readonly credentials: Credentials
  readonly error: InvalidClient
  readonly period: Period.Period
  /** How many times in a row the credentials were refused. */
  readonly strikes: number
}

type All = ReadonlyArray<Refusal>

/** The error of a refusal, with the time that is left of it. */
const errorOf = ({ error, period }: Refusal, now: number): InvalidClient =>
  new InvalidClient({ ...error, retryAfter: Duration.millis(Period.left(period, now)) })

const find = (all: All, credentials: Credentials): Refusal | undefined =>
  all.find((refusal) => isSame(refusal.credentials, credentials))

const put = (all: All, refusal: Refusal): All => [
  ...all.filter((other) => !isSame(other.credentials, refusal.credentials)),
  refusal
]

/** Makes an empty memory. `onChange` is told how many refusals it holds. */
export const make = (policy: TokenPolicy, onChange: (refusals: number) => void): Effect.Effect<RefusedCredentials> =>
  Effect.map(Ref.make<All>([]), (refusals) => {
    const keep = (isKept: (refusal: Refusal) => boolean) =>
      Effect.map(
        Ref.updateAndGet(refusals, (all) => all.filter(isKept)),
        (all) => onChange(all.length)
      )

    const modify = <A>(f: (all: All, now: number) => readonly [A, All]) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.modify(refusals, (all) => f(all, now)))

    const remember = (credentials: Credentials, error: InvalidClient, isProbe: boolean) =>
      modify((all, now): readonly [InvalidClient, All] => {
        const last = find(all, credentials)
        // If attempts were sent at the same time, only the first refusal counts.
        if (last !== undefined && Period.isCurrent(last.period, now) && !isProbe) {
          return [errorOf(last, now), all]
        }
        const strikes = (last?.strikes ?? 0) + 1
        const memory = Duration.min(Duration.times(policy.refusalPause, 2 ** (strikes - 1)), policy.maxRefusalPause)
        const refusal = { credentials, error, period: Period.make(now, memory), strikes }
        return [errorOf(refusal, now), put(all, refusal)]
      }).pipe(Effect.zipLeft(keep(() => true)))

    /**
     * Fails while the refusal is in force. After that, returns the refusal that this attempt probes, or `undefined` if
     * there is none.
     */
    const admit = (credentials: Credentials) =>
      Effect.flatten(
        modify((all, now): readonly [Effect.Effect<Refusal | undefined, InvalidClient>, All] => {
          const last = find(all, credentials)
          if (last === undefined) {
            return [Effect.succeed(undefined), all]
          }
          if (Period.isCurrent(last.period, now)) {
            return [Effect.fail(errorOf(last, now)), all]
          }
          const probe = { ...last, period: Period.make(now, policy.attemptTimeout) }
          return [Effect.succeed(probe), put(all, probe)]
        })
      )

    /** Nothing is learnt from a probe that ends without a verdict: the next attempt is a probe again. */
    const release = (probe: Refusal) =>
      Ref.update(refusals, (all) =>
        all.map((refusal) => (refusal === probe ? { ...probe, period: Period.ended } : refusal))
      )

    const learn = (credentials: Credentials, probe: Refusal | undefined, cause: Cause.Cause<unknown>) => {
      const error = Option.getOrUndefined(Cause.failureOption(cause))
      if (error instanceof InvalidClient) {
        return Effect.flatMap(remember(credentials, error, probe !== undefined), Effect.fail)
      }
      // A client that lacks a scope has been authenticated.
      if (error instanceof InsufficientScope) {
        return keep(() => false)
      }
      return probe === undefined ? Effect.void : release(probe)
    }

    return {
      guard: (credentials, attempt) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            const probe = yield* admit(credentials)
            const exit = yield* Effect.exit(restore(attempt))
            yield* Exit.isSuccess(exit) ? keep(() => false) : learn(credentials, probe, exit.cause)
            return yield* exit
          })
        ),
      retain: (credentials) => keep((refusal) => credentials.some((each) => isSame(refusal.credentials, each))),
      inForce: (credentials) =>
        Effect.zipWith(Ref.get(refusals), Clock.currentTimeMillis, (all, now) =>
          Option.fromNullable(find(all, credentials)).pipe(
            Option.filter((refusal) => Period.isCurrent(refusal.period, now)),
            Option.map((refusal) => errorOf(refusal, now))
          )
        )
    }
  })
