/**
 * Where new tokens come from: the app's credentials, as they are now.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import { InsufficientScope } from "../errors/ApiError.js"
import type { DiscoveryFailed } from "../errors/DiscoveryFailed.js"
import { CredentialsUnavailable, InvalidClient } from "../errors/TokenError.js"
import type { Metrics } from "../telemetry/Metrics.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import { type Credentials, isSame, type RotatingCredentials } from "./Credentials.js"
import * as RefusedCredentials from "./RefusedCredentials.js"
import * as RetriedExchange from "./RetriedExchange.js"
import type { ExchangeError } from "./TokenEndpoint.js"

/**
 * What an app may give as its credentials: a fixed value, two of them while a secret is being rotated, or an effect
 * that yields either, and is asked at each exchange (L10).
 *
 * @since 0.1.0
 * @category models
 */
export type CredentialsInput =
  | Credentials
  | RotatingCredentials
  | Effect.Effect<Credentials | RotatingCredentials, unknown>

/**
 * Where new tokens come from.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenSource {
  /** A new token for these scopes. Credentials whose refusal is remembered are not sent (L6). */
  readonly obtain: (
    scopes: ScopeSet
  ) => Effect.Effect<AccessToken, ExchangeError | CredentialsUnavailable | DiscoveryFailed, HttpClient.HttpClient>
  /**
   * The same where nobody asked for these scopes: an access key, whose scopes are those of its registration, is sent
   * without (facts §1b).
   */
  readonly obtainUnscoped: TokenSource["obtain"]
  /** Whether every token request would fail or wait now, and why. */
  readonly standing: Effect.Effect<"open" | "refused" | "rate-limited">
}

/** What is to be tried, in this order: where there is a choice, first what was accepted last. */
const candidatesOf = (
  input: Credentials | RotatingCredentials,
  accepted: Credentials | undefined
): readonly [Credentials, ...ReadonlyArray<Credentials>] => {
  if (input._tag !== "RotatingCredentials") {
    return [input]
  }
  const { current, next } = input
  return accepted !== undefined && isSame(accepted, next) ? [next, current] : [current, next]
}

const bothRefused = ({ until: _, ...refusal }: InvalidClient, until: Option.Option<number>): InvalidClient =>
  new InvalidClient({
    ...refusal,
    bothRefused: true,
    ...Option.match(until, { onNone: () => ({}), onSome: (until) => ({ until }) })
  })

/**
 * Reads the credentials. Of a failure only the kind is kept: its message may hold a secret.
 */
const read = (input: CredentialsInput, policy: TokenPolicy) =>
  Effect.isEffect(input)
    ? input.pipe(
        // An interruption from within it is its failure. One from without ends the exchange before it gets here.
        Effect.catchAllCause((cause) => Effect.fail(unavailable(Cause.squash(cause)))),
        // It is the app's, and may not be interruptible: who waits for it is let go nonetheless.
        Effect.either,
        Effect.disconnect,
        Effect.flatMap(identity),
        Effect.timeoutFail({
          duration: policy.attemptTimeout,
          onTimeout: () => new CredentialsUnavailable({ reason: "timeout" })
        })
      )
    : Effect.succeed(input)

/** The failure for scopes that the request has no place for. Nothing is sent: a token without them is not what was meant. */
const withoutScopes = ({ origin }: URL, requested: ScopeSet): InsufficientScope =>
  new InsufficientScope({ reason: "not_supported", origin, requested, granted: [], required: [] })

const identifier = /^[\w$./@-]{1,64}$/

const unsuitable = (objection: string): CredentialsUnavailable =>
  new CredentialsUnavailable({ reason: "unsuitable", detail: objection })

const unavailable = (failure: unknown): CredentialsUnavailable => {
  const kind = Predicate.hasProperty(failure, "_tag")
    ? failure._tag
    : failure instanceof Error
      ? failure.name
      : undefined
  const detail = typeof kind === "string" && identifier.test(kind) ? { detail: kind } : {}
  return new CredentialsUnavailable({ reason: "failed", ...detail })
}

/**
 * Makes the source for one environment. `tokenEndpoint` says where it asks, `objectionTo` which credentials do not go
 * there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly credentials: CredentialsInput
  readonly tokenEndpoint: Effect.Effect<URL, DiscoveryFailed>
  readonly objectionTo: (credentials: Credentials | RotatingCredentials) => string | undefined
  readonly policy: TokenPolicy
  readonly metrics: Metrics
}): Effect.Effect<TokenSource> =>
  Effect.gen(function* () {
    const { credentials, metrics, objectionTo, policy, tokenEndpoint } = options
    const exchange = RetriedExchange.make(policy, metrics)
    const memory = yield* RefusedCredentials.make(policy, metrics.refusals)
    /** Accepted last, whatever was read since. */
    const accepted = yield* Ref.make<Credentials | undefined>(undefined)
    /** As they were read last. */
    const candidates = yield* Ref.make<ReadonlyArray<Credentials>>([])

    const readSuitable = Effect.flatMap(read(credentials, policy), (given) => {
      const objection = objectionTo(given)
      return objection === undefined ? Effect.succeed(given) : Effect.fail(unsuitable(objection))
    })

    const inOrder = (input: Credentials | RotatingCredentials) =>
      Effect.flatMap(Ref.get(accepted), (last) => {
        const [first, ...others] = candidatesOf(input, last)
        return Effect.as(Ref.set(candidates, [first, ...others]), { first, second: others[0] })
      })

    const exchangeAt = (tokenEndpoint: URL, credentials: Credentials, scopes: ScopeSet) =>
      credentials._tag === "AccessKeyOnly" && scopes.length > 0
        ? Effect.fail(withoutScopes(tokenEndpoint, scopes))
        : exchange
            .run({ tokenEndpoint, credentials, scopes }, (attempt) => memory.guard(credentials, attempt))
            .pipe(Effect.zipLeft(Ref.set(accepted, credentials)))

    const obtainWith = (credentials: Credentials, scopes: ScopeSet) =>
      Effect.flatMap(
        memory.inForce(credentials),
        Option.match({
          onNone: () =>
            Effect.flatMap(tokenEndpoint, (tokenEndpoint) => exchangeAt(tokenEndpoint, credentials, scopes)),
          onSome: (refusal) => Effect.fail(refusal)
        })
      )

    /** Until the first of them may be sent again; `None` if that is now. */
    const allRefusedUntil = (all: ReadonlyArray<Credentials>) =>
      Effect.map(Effect.forEach(all, memory.inForce), (refusals) =>
        Option.map(Option.all(refusals), (known) => Math.min(...known.flatMap(({ until = [] }) => until)))
      )

    const obtain = (scopesFor: (credentials: Credentials) => ScopeSet) =>
      Effect.gen(function* () {
        const { first, second } = yield* Effect.flatMap(readSuitable, inOrder)
        if (second === undefined) {
          yield* memory.retain([first])
          return yield* obtainWith(first, scopesFor(first))
        }
        yield* memory.retain([first, second])
        return yield* Effect.catchTag(obtainWith(first, scopesFor(first)), "InvalidClient", (refusal) =>
          // Of two refusals the first may be a minute old by now, and forgotten or renewed.
          Effect.catchTag(obtainWith(second, scopesFor(second)), "InvalidClient", () =>
            Effect.flatMap(allRefusedUntil([first, second]), (until) => Effect.fail(bothRefused(refusal, until)))
          )
        )
      })

    return {
      obtain: (scopes) => obtain(() => scopes),
      obtainUnscoped: (scopes) => obtain(({ _tag }) => (_tag === "ClientSecret" ? scopes : [])),
      standing: Effect.gen(function* () {
        const known = yield* Ref.get(candidates)
        if (known.length > 0 && Option.isSome(yield* allRefusedUntil(known))) {
          return "refused"
        }
        return (yield* exchange.isRateLimited) ? "rate-limited" : "open"
      })
    }
  })
