/**
 * Remembers which credentials were refused, so that they are not sent again and again.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { InsufficientScope } from "../errors/ApiError.js"
import { InvalidClient } from "../errors/TokenError.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import { type Credentials, isSame } from "./Credentials.js"

/**
 * The refusals of one app's credentials (L6). It breaks the circuit: closed at first, open for a while after each
 * refusal, then half open for one probe.
 *
 * @since 0.1.0
 * @category models
 */
export interface RefusalMemory {
  /**
   * Runs an attempt with these credentials, unless their refusal is still remembered: then it fails with it at once.
   * Once its time has passed, the next attempt is the probe; until that is over, all others fail as before. When there
   * is a token every refusal is forgotten: those of credentials that this app no longer needs as well. `InvalidClient`
   * leaves with `until` set.
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
  /** In milliseconds since the epoch, as `until`. */
  readonly since: number
  readonly until: number
  readonly strikes: number
}

// A clock that was set back must not stretch it.
const isInForce = ({ since, until }: Refusal, now: number): boolean => since <= now && now < until

const refusalOf = (
  credentials: Credentials,
  error: InvalidClient,
  since: number,
  until: number,
  strikes: number
): Refusal => ({ credentials, error: new InvalidClient({ ...error, until }), since, until, strikes })

const isRefusal = Option.exists((error: unknown) => error instanceof InvalidClient)

const isOf =
  (credentials: Credentials) =>
  (refusal: Refusal): boolean =>
    isSame(refusal.credentials, credentials)

/**
 * Makes an empty memory. `onChange` is told how many refusals it holds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (policy: TokenPolicy, onChange: (refusals: number) => void): Effect.Effect<RefusalMemory> =>
  Effect.map(Ref.make<ReadonlyArray<Refusal>>([]), (refusals) => {
    const report = Effect.map(Ref.get(refusals), (all) => onChange(all.length))

    const keep = (isKept: (refusal: Refusal) => boolean) =>
      Effect.zipRight(
        Ref.update(refusals, (all) => all.filter(isKept)),
        report
      )

    const put = (all: ReadonlyArray<Refusal>, refusal: Refusal): ReadonlyArray<Refusal> => [
      ...all.filter((other) => !isOf(refusal.credentials)(other)),
      refusal
    ]

    const remember = (credentials: Credentials, error: InvalidClient, isProbe: boolean) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(refusals, (all): readonly [InvalidClient, ReadonlyArray<Refusal>] => {
          const last = all.find(isOf(credentials))
          // Of attempts that were under way together, the first refusal counts.
          if (last !== undefined && isInForce(last, now) && !isProbe) {
            return [last.error, all]
          }
          const strikes = (last?.strikes ?? 0) + 1
          const memory = Duration.min(Duration.times(policy.refusalMemory, 2 ** (strikes - 1)), policy.maxRefusalMemory)
          const refusal = refusalOf(credentials, error, now, now + Duration.toMillis(memory), strikes)
          return [refusal.error, put(all, refusal)]
        })
      ).pipe(Effect.zipLeft(report))

    /** Fails while the refusal is in force; else gives the one that the attempt is the probe of, if there is one. */
    const admit = (credentials: Credentials) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.flatten(
          Ref.modify(
            refusals,
            (all): readonly [Effect.Effect<Refusal | undefined, InvalidClient>, ReadonlyArray<Refusal>] => {
              const last = all.find(isOf(credentials))
              if (last === undefined) {
                return [Effect.succeed(undefined), all]
              }
              if (isInForce(last, now)) {
                return [Effect.fail(last.error), all]
              }
              const probeEnd = now + Duration.toMillis(policy.attemptTimeout)
              const probe = refusalOf(credentials, last.error, now, probeEnd, last.strikes)
              return [Effect.succeed(probe), put(all, probe)]
            }
          )
        )
      )

    // A probe without a verdict, of which nothing is learnt: the next attempt is one again.
    const release = (probe: Refusal) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.update(refusals, (all) => all.map((refusal) => (refusal === probe ? { ...probe, until: now } : refusal)))
      )

    return {
      guard: (credentials, attempt) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(admit(credentials), (probe) =>
            restore(attempt).pipe(
              Effect.tap(() => keep(() => false)),
              // Who is refused for its scopes has been authenticated.
              Effect.tapError((error) => (error instanceof InsufficientScope ? keep(() => false) : Effect.void)),
              Effect.catchIf(
                (error) => error instanceof InvalidClient,
                (error) => Effect.flatMap(remember(credentials, error, probe !== undefined), Effect.fail)
              ),
              Effect.onError((cause) =>
                probe !== undefined && !isRefusal(Cause.failureOption(cause)) ? release(probe) : Effect.void
              )
            )
          )
        ),
      retain: (credentials) => keep((refusal) => credentials.some((each) => isOf(each)(refusal))),
      inForce: (credentials) =>
        Effect.zipWith(Ref.get(refusals), Clock.currentTimeMillis, (all, now) =>
          Option.fromNullable(all.find((refusal) => isOf(credentials)(refusal) && isInForce(refusal, now))).pipe(
            Option.map(({ error }) => error)
          )
        )
    }
  })
