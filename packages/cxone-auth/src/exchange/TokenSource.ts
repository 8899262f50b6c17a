/**
 * Where new tokens come from: the app's credentials, as they are now.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import {
  CredentialsUnavailable,
  type DiscoveryFailed,
  InsufficientScope,
  InvalidClient
} from "../errors/CxoneAuthError.js"
import * as Transport from "../http/Transport.js"
import type { Metrics } from "../telemetry/Metrics.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import { type Credentials, eachOf, isSame, type RotatingCredentials } from "./Credentials.js"
import * as RefusedCredentials from "./RefusedCredentials.js"
import * as RetriedExchange from "./RetriedExchange.js"
import type { ExchangeError } from "./TokenEndpoint.js"

export { ClientAuth, type ClientProof } from "./ClientAuth.js"
export * from "./Credentials.js"

/**
 * What an app may give as its credentials: a value, two values while a secret is rotated, or an effect that yields
 * either. The effect runs at each exchange.
 *
 * @since 0.1.0
 * @category models
 */
export type CredentialsInput<R = never> =
  | Credentials
  | RotatingCredentials
  | Effect.Effect<Credentials | RotatingCredentials, unknown, R>

type SourceError = ExchangeError | CredentialsUnavailable | DiscoveryFailed

export interface TokenSource {
  /** A new token with these scopes. Credentials whose refusal is remembered are not sent (L6). */
  readonly obtain: (scopes: ScopeSet) => Effect.Effect<AccessToken, SourceError, HttpClient.HttpClient>
  /**
   * The same for scopes that are only a default. An access key is then sent without scopes, because CXone sets its
   * scopes itself.
   */
  readonly obtainUnscoped: TokenSource["obtain"]
  /** Whether every token request would fail or wait now, and why. */
  readonly standing: Effect.Effect<"open" | "refused" | "rate_limited">
}

/** Reads the credentials. Only the kind of a failure is kept, because its message may hold a secret. */
const read = (input: CredentialsInput, policy: TokenPolicy) =>
  Effect.isEffect(input)
    ? input.pipe(
        Effect.sandbox,
        Effect.mapError((cause) => unavailable(Cause.squash(cause))),
        // The app's effect may be uninterruptible, but a caller that waits for it must still be able to leave.
        // `Effect.either` keeps Effect from logging its failure as an unhandled error of the forked fiber.
        Effect.either,
        Effect.disconnect,
        Effect.flatMap(identity),
        Effect.timeoutFail({
          duration: policy.attemptTimeout,
          onTimeout: () => new CredentialsUnavailable({ reason: "timeout" })
        })
      )
    : Effect.succeed(input)

/** An access key alone has no place for scopes. Nothing is sent, because a token without them is not what was asked for. */
const withoutScopes = ({ origin }: URL, requested: ScopeSet): InsufficientScope =>
  new InsufficientScope({ reason: "not_supported", origin, requested, granted: [], required: [] })

const unavailable = (failure: unknown): CredentialsUnavailable => {
  const detail = Transport.kindOf(failure)
  return new CredentialsUnavailable({ reason: "failed", ...(detail === undefined ? {} : { detail }) })
}

/** Makes the source. `tokenEndpoint` says where it asks, `objectionTo` which credentials cannot be used there. */
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
    const refused = yield* RefusedCredentials.make(policy, metrics.refusals)
    /** The credentials that were accepted last, whatever was read since. */
    const accepted = yield* Ref.make<Credentials | undefined>(undefined)
    /** The credentials that were read last. */
    const known = yield* Ref.make<ReadonlyArray<Credentials>>([])

    /** The credentials to try, in order. If there are two, those that were accepted last come first. */
    const candidates = Effect.gen(function* () {
      const input = yield* read(credentials, policy)
      const detail = objectionTo(input)
      if (detail !== undefined) {
        return yield* new CredentialsUnavailable({ reason: "unsuitable", detail })
      }
      const all = eachOf(input)
      yield* Ref.set(known, all)
      yield* refused.retain(all)
      const [current, next] = all
      const last = yield* Ref.get(accepted)
      return next !== undefined && last !== undefined && isSame(last, next)
        ? { first: next, second: current }
        : { first: current, second: next }
    })

    const obtainWith = Effect.fnUntraced(function* (credentials: Credentials, scopes: ScopeSet) {
      const refusal = yield* refused.inForce(credentials)
      if (Option.isSome(refusal)) {
        return yield* refusal.value
      }
      const request = { tokenEndpoint: yield* tokenEndpoint, credentials, scopes }
      if (credentials._tag === "AccessKeyOnly" && scopes.length > 0) {
        return yield* withoutScopes(request.tokenEndpoint, scopes)
      }
      const token = yield* exchange.run(request, (attempt) => refused.guard(credentials, attempt))
      yield* Ref.set(accepted, credentials)
      return token
    })

    /** How long it takes until the first of these credentials may be sent again. `None` if some may be sent now. */
    const allRefusedFor = (all: ReadonlyArray<Credentials>) =>
      Effect.map(Effect.forEach(all, refused.inForce), (refusals) =>
        Option.map(Option.all(refusals), (known) => ({
          retryAfter: known.reduce(
            (least, { retryAfter = least }) => Duration.min(least, retryAfter),
            Duration.infinity
          )
        }))
      )

    const obtain = Effect.fnUntraced(function* (scopesFor: (credentials: Credentials) => ScopeSet) {
      const { first, second } = yield* candidates
      const withFirst = obtainWith(first, scopesFor(first))
      if (second === undefined) {
        return yield* withFirst
      }
      return yield* Effect.catchTag(withFirst, "InvalidClient", ({ retryAfter: _, ...refusal }) =>
        Effect.catchTag(obtainWith(second, scopesFor(second)), "InvalidClient", () =>
          // The first refusal may be a minute old by now, and forgotten or renewed.
          Effect.flatMap(allRefusedFor([first, second]), (left) =>
            Effect.fail(new InvalidClient({ ...refusal, bothRefused: true, ...Option.getOrUndefined(left) }))
          )
        )
      )
    })

    return {
      obtain: (scopes) => obtain(() => scopes),
      obtainUnscoped: (scopes) => obtain(({ _tag }) => (_tag === "ClientSecret" ? scopes : [])),
      standing: Effect.gen(function* () {
        const all = yield* Ref.get(known)
        if (all.length > 0 && Option.isSome(yield* allRefusedFor(all))) {
          return "refused"
        }
        return (yield* exchange.isRateLimited) ? "rate_limited" : "open"
      })
    }
  })
