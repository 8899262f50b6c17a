import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Retry from "../http/Retry.js"
import type { Metrics } from "../telemetry/Metrics.js"
import * as Period from "../token/Period.js"
import * as ScopeSet from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import { type Credentials, isSame } from "./Credentials.js"
import * as Pause from "./Pause.js"
import type { ExchangeError } from "./TokenEndpoint.js"

/** What an attempt is made with. */
export interface Subject {
  readonly credentials: Credentials
  readonly scopes: ScopeSet.ScopeSet
}

/**
 * The exchanges that failed with their last try, as long as they hold back the next ones (L6). It is a circuit breaker for
 * each credentials: a failure opens it for a while, and then one attempt goes through alone.
 */
export interface FailedExchanges {
  /**
   * Runs an attempt. In a pause it waits, if the patience is long enough, or fails with the error that began the pause. If
   * nobody knows yet whether these credentials work, because they are new or a pause is over, one attempt goes alone: the
   * others wait for its end. Those whose credentials were refused fail instead. An error that begins a pause comes out
   * with `retryAfter`.
   */
  readonly guard: <A, R>(
    subject: Subject,
    patience: Retry.Patience,
    attempt: Effect.Effect<A, ExchangeError, R>
  ) => Effect.Effect<A, ExchangeError, R>
  /** Begins the pause after an exchange that has failed with its last attempt, unless that attempt began one. */
  readonly conclude: (subject: Subject, error: ExchangeError) => Effect.Effect<ExchangeError>
  /**
   * Forgets all but these credentials and the last few others that are in a pause: an app's vault may give an old secret
   * and a new one by turns.
   */
  readonly retain: (credentials: ReadonlyArray<Credentials>) => Effect.Effect<void>
  /** What holds back every exchange with these credentials now. */
  readonly inForce: (credentials: Credentials) => Effect.Effect<Option.Option<Held>>
}

/** The error that began a pause, and how many milliseconds are left of it. */
export interface Held {
  readonly error: ExchangeError
  readonly left: number
}

/** An attempt that goes alone. */
interface Trial {
  readonly ended: Deferred.Deferred<void>
  readonly period: Period.Period
}

/** What is known of some credentials. */
interface Standing {
  readonly credentials: Credentials
  /** Whether the endpoint has accepted them. */
  readonly isAccepted: boolean
  readonly pause: Pause.Pause | undefined
  /** The pauses of single sets of scopes. */
  readonly ofScopes: HashMap.HashMap<string, Pause.Pause>
  readonly trial: Trial | undefined
}

type All = ReadonlyArray<Standing>

/** How many credentials in a pause are remembered beside those that the app gives now. */
const maxOthers = 8

const initial = (credentials: Credentials): Standing => ({
  credentials,
  isAccepted: false,
  pause: undefined,
  ofScopes: HashMap.empty(),
  trial: undefined
})

const find = (all: All, credentials: Credentials): Standing =>
  all.find((standing) => isSame(standing.credentials, credentials)) ?? initial(credentials)

const put = (all: All, standing: Standing): All => [
  ...all.filter(({ credentials }) => !isSame(credentials, standing.credentials)),
  standing
]

const keyOf = ({ scopes }: Subject): string => ScopeSet.toParameter(scopes)

/** The pause that holds back every attempt with these credentials. Refused ones are held back during a trial, too. */
const heldAt = ({ pause, trial }: Standing, now: number): Held | undefined => {
  if (pause === undefined) {
    return undefined
  }
  const { error, period } = pause
  const whileTried = trial === undefined || Pause.isWorthWaiting(error) ? 0 : Period.left(trial.period, now)
  return heldFor(error, Math.max(Period.left(period, now), whileTried))
}

const heldFor = (error: ExchangeError, left: number): Held | undefined => (left > 0 ? { error, left } : undefined)

const heldForScopes = ({ ofScopes }: Standing, key: string, now: number): Held | undefined => {
  const pause = Option.getOrUndefined(HashMap.get(ofScopes, key))
  return pause && heldFor(pause.error, Period.left(pause.period, now))
}

/** What an attempt does next. */
type Step =
  | { readonly tag: "hold"; readonly held: Held }
  | { readonly tag: "follow"; readonly trial: Trial }
  | { readonly tag: "go"; readonly trial: Trial | undefined }

const errorOf = <A>(exit: Exit.Exit<A, ExchangeError>): ExchangeError | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

/** Makes an empty memory. */
export const make = (
  policy: TokenPolicy,
  metrics: Pick<Metrics, "refusals" | "waited">
): Effect.Effect<FailedExchanges> =>
  Effect.map(Ref.make<All>([]), (standings) => {
    const modify = <A>(f: (all: All, now: number) => readonly [A, All]): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.modify(standings, (all) => f(all, now)))

    const showRefusals = Effect.map(Ref.get(standings), (all) =>
      metrics.refusals(all.filter(({ pause }) => (pause?.strikes.refusals ?? 0) > 0).length)
    )

    /** Begins the pause after a failure, and gives the error with the time that is left of it. */
    const remember = (subject: Subject, error: ExchangeError) =>
      modify((all, now): readonly [ExchangeError, All] => {
        const standing = find(all, subject.credentials)
        if (Pause.subjectOf(error) === "scopes") {
          const last = Option.getOrUndefined(HashMap.get(standing.ofScopes, keyOf(subject)))
          const pause = Pause.after(last, error, now, policy)
          const ofScopes = HashMap.set(standing.ofScopes, keyOf(subject), pause)
          return [Pause.until(error, Period.left(pause.period, now)), put(all, { ...standing, ofScopes })]
        }
        const pause = Pause.after(standing.pause, error, now, policy)
        return [Pause.until(error, Period.left(pause.period, now)), put(all, { ...standing, pause })]
      }).pipe(Effect.zipLeft(showRefusals))

    /** Takes note that credentials were accepted. All refusals are forgotten then, those of other credentials too. */
    const accept = ({ credentials }: Subject) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.update(standings, (all) =>
          put(all, { ...find(all, credentials), isAccepted: true }).map((standing) => ({
            ...standing,
            pause: Pause.afterSuccess(standing.pause, now)
          }))
        )
      ).pipe(Effect.zipLeft(showRefusals))

    const forgetScopes = (subject: Subject) =>
      Ref.update(standings, (all) => {
        const standing = find(all, subject.credentials)
        return HashMap.has(standing.ofScopes, keyOf(subject))
          ? put(all, { ...standing, ofScopes: HashMap.remove(standing.ofScopes, keyOf(subject)) })
          : all
      })

    const stepOf = (subject: Subject, ended: Deferred.Deferred<void>, hasFollowed: boolean) =>
      modify((all, now): readonly [Step, All] => {
        const standing = find(all, subject.credentials)
        const held = heldAt(standing, now) ?? heldForScopes(standing, keyOf(subject), now)
        if (held !== undefined) {
          return [{ tag: "hold", held }, all]
        }
        const { isAccepted, pause, trial } = standing
        if (trial !== undefined && Period.isCurrent(trial.period, now)) {
          return [hasFollowed ? { tag: "go", trial: undefined } : { tag: "follow", trial }, all]
        }
        if (isAccepted && pause === undefined) {
          return [{ tag: "go", trial: undefined }, all]
        }
        const own = { ended, period: Period.make(now, policy.attemptTimeout) }
        return [{ tag: "go", trial: own }, put(all, { ...standing, trial: own })]
      })

    const finish = ({ credentials }: Subject, trial: Trial) =>
      Ref.update(standings, (all) => {
        const standing = find(all, credentials)
        return standing.trial === trial ? put(all, { ...standing, trial: undefined }) : all
      }).pipe(Effect.zipRight(Deferred.succeed(trial.ended, undefined)))

    /** Waits until the attempt may be made. If it goes alone, this gives its trial. */
    const admit = Effect.fnUntraced(function* (
      subject: Subject,
      patience: Retry.Patience,
      restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
    ) {
      const ended = yield* Deferred.make<void>()
      let hasFollowed = false
      while (true) {
        const step = yield* stepOf(subject, ended, hasFollowed)
        if (step.tag === "go") {
          return step.trial
        }
        if (step.tag === "follow") {
          yield* restore(Deferred.await(step.trial.ended))
          // Nobody follows twice, because at an endpoint that hangs each would wait for all before it.
          hasFollowed = true
        } else {
          const { error, left } = step.held
          if (!Pause.isWorthWaiting(error) || left > (yield* Ref.get(patience))) {
            return yield* Effect.fail(Pause.heldBack(error, left))
          }
          metrics.waited()
          yield* restore(Effect.sleep(yield* Retry.notBefore(left)))
          yield* Retry.spend(patience, left)
          hasFollowed = false
        }
      }
    })

    const learn = Effect.fnUntraced(function* <A>(subject: Subject, exit: Exit.Exit<A, ExchangeError>) {
      const error = errorOf(exit)
      if (Exit.isSuccess(exit)) {
        yield* forgetScopes(subject)
      }
      if (Exit.isSuccess(exit) || (error !== undefined && Pause.subjectOf(error) === "scopes")) {
        yield* accept(subject)
      }
      // If the exchange tries again by itself, only its end begins a pause.
      return error !== undefined && (Pause.saysNotYet(error) || !Pause.isTriedAgain(error))
        ? yield* Effect.flatMap(remember(subject, error), Effect.fail)
        : yield* exit
    })

    return {
      guard: (subject, patience, attempt) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            const trial = yield* admit(subject, patience, restore)
            const exit = yield* Effect.exit(restore(attempt))
            const learnt = learn(subject, exit)
            return yield* trial === undefined ? learnt : Effect.ensuring(learnt, finish(subject, trial))
          })
        ),
      conclude: (subject, error) =>
        Pause.subjectOf(error) === "nothing" || !Pause.isTriedAgain(error) || Pause.saysNotYet(error)
          ? Effect.succeed(error)
          : remember(subject, error),
      retain: (credentials) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Ref.update(standings, (all) => {
            const [others, given] = Arr.partition(all, (standing) =>
              credentials.some((each) => isSame(standing.credentials, each))
            )
            const paused = others.filter(({ pause }) => pause !== undefined && Period.isCurrent(pause.period, now))
            return [...paused.slice(-maxOthers), ...given]
          })
        ).pipe(Effect.zipRight(showRefusals)),
      inForce: (credentials) =>
        Effect.zipWith(Ref.get(standings), Clock.currentTimeMillis, (all, now) =>
          Option.fromNullable(heldAt(find(all, credentials), now))
        )
    }
  })
