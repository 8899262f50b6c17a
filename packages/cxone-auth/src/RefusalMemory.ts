/**
 * Remembers which credentials were refused, so that they are not sent again and again.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { type Credentials, isSameClient } from "./Credentials.js"
import { InvalidClient } from "./CxoneError.js"
import type { TokenPolicy } from "./TokenPolicy.js"

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
   * Once its time has passed, attempts go one by one until one gets a token, and with that every refusal is forgotten:
   * those of credentials that this app no longer needs as well. `InvalidClient` leaves with `until` set.
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

const isOf =
  (credentials: Credentials) =>
  (refusal: Refusal): boolean =>
    isSameClient(refusal.credentials, credentials)

/**
 * Makes an empty memory. `onChange` is told how many refusals it holds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (policy: TokenPolicy, onChange: (refusals: number) => void): Effect.Effect<RefusalMemory> =>
  Effect.gen(function* () {
    const refusals = yield* Ref.make<ReadonlyArray<Refusal>>([])
    const probing = yield* Effect.makeSemaphore(1)

    const report = Effect.map(Ref.get(refusals), (all) => onChange(all.length))

    const keep = (isKept: (refusal: Refusal) => boolean) =>
      Effect.zipRight(
        Ref.update(refusals, (all) => all.filter(isKept)),
        report
      )

    const remember = (credentials: Credentials, error: InvalidClient) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(refusals, (all): readonly [InvalidClient, ReadonlyArray<Refusal>] => {
          const last = all.find(isOf(credentials))
          // Of attempts that were under way together, the first refusal counts.
          if (last !== undefined && isInForce(last, now)) {
            return [last.error, all]
          }
          const strikes = (last?.strikes ?? 0) + 1
          const memory = Duration.min(Duration.times(policy.refusalMemory, 2 ** (strikes - 1)), policy.maxRefusalMemory)
          const until = now + Duration.toMillis(memory)
          const refusal = { credentials, error: new InvalidClient({ ...error, until }), since: now, until, strikes }
          return [refusal.error, [...all.filter((other) => other !== last), refusal]]
        })
      ).pipe(Effect.zipLeft(report))

    const recall = (credentials: Credentials) =>
      Effect.map(Ref.get(refusals), (all) => Option.fromNullable(all.find(isOf(credentials))))

    const inForce = (credentials: Credentials) =>
      Effect.zipWith(recall(credentials), Clock.currentTimeMillis, (known, now) =>
        Option.filter(known, (refusal) => isInForce(refusal, now)).pipe(Option.map(({ error }) => error))
      )

    /** Fails while the refusal is in force; else tells whether there was one. */
    const check = (credentials: Credentials) =>
      Effect.flatMap(
        inForce(credentials),
        Option.match({
          onNone: () => Effect.map(recall(credentials), Option.isSome),
          onSome: (error) => Effect.fail(error)
        })
      )

    const run = <A, E, R>(credentials: Credentials, attempt: Effect.Effect<A, E | InvalidClient, R>) =>
      attempt.pipe(
        Effect.tap(() => keep(() => false)),
        Effect.catchIf(
          (error) => error instanceof InvalidClient,
          (error) => Effect.flatMap(remember(credentials, error), Effect.fail)
        )
      )

    const probe = <A, E, R>(credentials: Credentials, attempt: Effect.Effect<A, E | InvalidClient, R>) =>
      probing
        .withPermits(1)(
          Effect.flatMap(check(credentials), (halfOpen) =>
            halfOpen ? Effect.asSome(run(credentials, attempt)) : Effect.succeedNone
          )
        )
        .pipe(
          Effect.flatMap(
            Option.match({
              onNone: () => run(credentials, attempt),
              onSome: Effect.succeed
            })
          )
        )

    return {
      guard: (credentials, attempt) =>
        Effect.flatMap(check(credentials), (halfOpen) =>
          halfOpen ? probe(credentials, attempt) : run(credentials, attempt)
        ),
      retain: (credentials) => keep((refusal) => credentials.some((each) => isOf(each)(refusal))),
      inForce
    }
  })
