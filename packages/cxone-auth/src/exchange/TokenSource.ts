/**
 * Where new tokens come from: the app's credentials, as they are now.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import {
  CredentialsUnavailable,
  type DiscoveryFailed,
  InsufficientScope,
  InvalidClient
} from "../errors/CxoneAuthError.js"
import * as CauseChain from "../http/CauseChain.js"
import * as TransportFailure from "../http/TransportFailure.js"
import type { SharedToken, Subject } from "../store/TokenStoreService.js"
import * as Logs from "../telemetry/Logs.js"
import type { Metrics } from "../telemetry/Metrics.js"
import { AccessToken, type Tenant } from "../token/AccessToken.js"
import * as Period from "../token/Period.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import { type Credentials, eachOf, haveSameIds, isInvalid, isSame, type RotatingCredentials } from "./Credentials.js"
import * as FailedExchanges from "./FailedExchanges.js"
import * as Pause from "./Pause.js"
import * as RetriedExchange from "./RetriedExchange.js"
import * as SeldomWarning from "./SeldomWarning.js"
import * as Suspects from "./Suspects.js"
import type { ExchangeError } from "./TokenEndpoint.js"
import * as TokenRequest from "./TokenRequest.js"

export { ClientAuth, type ClientProof } from "./ClientAuth.js"
export * from "./Credentials.js"
export { isQuoted } from "./Suspects.js"

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

/** Gives the shared token of a subject. It must live longer than the token that is held. */
type Share = (subject: Subject, held: AccessToken | undefined) => Effect.Effect<SharedToken>

type SourceError = ExchangeError | CredentialsUnavailable | DiscoveryFailed

export interface TokenSource {
  /**
   * A new token with these scopes, in the place of `held`. If the layer shares its tokens, it may come from the store (L11).
   * Nothing is sent in the pause after a failure (L6).
   */
  readonly obtain: (
    scopes: ScopeSet,
    held: AccessToken | undefined
  ) => Effect.Effect<AccessToken, SourceError, HttpClient.HttpClient>
  /**
   * The same for scopes that are only a default. An access key is then sent without scopes, because CXone sets its
   * scopes itself.
   */
  readonly obtainUnscoped: TokenSource["obtain"]
  /**
   * Whether all credentials are refused now, or the endpoint said "not yet" to some of them. Any other pause counts as
   * `open`.
   */
  readonly standing: Effect.Effect<"open" | "refused" | "rate_limited">
}

/**
 * Reads the credentials. Only the kind of a failure is kept, because its message may hold a secret, unless the message is
 * our own.
 */
const read = (input: CredentialsInput, policy: TokenPolicy) =>
  Effect.isEffect(input)
    ? input.pipe(
        Effect.sandbox,
        Effect.mapError((cause) => unavailable(Cause.squash(cause))),
        // The app's effect may be uninterruptible. It must not hold up the time-out, or the end of the layer.
        // `Effect.either` keeps Effect from logging its failure as an unhandled error of the forked fiber.
        Effect.either,
        Effect.disconnect,
        Effect.flatMap(identity),
        Effect.timeoutFail({
          duration: policy.attemptTimeout,
          onTimeout: () =>
            new CredentialsUnavailable({ reason: "timeout", detail: Duration.format(policy.attemptTimeout) })
        })
      )
    : Effect.succeed(input)

/**
 * While the credentials are held back, they are read at most this often: a loop of callers must not become a load on the
 * app's vault, and other credentials must still be noticed soon (L6).
 */
const readPause = Duration.seconds(1)

/** The tenant that a token named last, and what the token was obtained with. */
interface LastTenant {
  readonly tenant: Tenant
  readonly credentials: Credentials
}

const tenantOf = (last: LastTenant | undefined, credentials: Credentials): Tenant | undefined =>
  last !== undefined && haveSameIds(last.credentials, credentials) ? last.tenant : undefined

/** How the credentials were read last. */
interface Read {
  readonly period: Period.Period
  readonly result: Exit.Exit<Credentials | RotatingCredentials, CredentialsUnavailable>
}

const isRefusal = ({ error }: FailedExchanges.Held): boolean => error._tag === "InvalidClient"

/** An access key alone has no place for scopes. Nothing is sent, because a token without them is not what was asked for. */
const withoutScopes = ({ origin }: URL, requested: ScopeSet): InsufficientScope =>
  new InsufficientScope({ reason: "not_supported", origin, requested, granted: [], required: [] })

/** If the first credentials were sent, the call did send something. */
const sentBefore = (error: SourceError): SourceError =>
  error._tag === "DiscoveryFailed" ? error : Pause.sentBefore(error)

const unavailable = (failure: unknown): CredentialsUnavailable => {
  const own = Array.findFirst(CauseChain.of(failure), isInvalid)
  if (Option.isSome(own)) {
    return new CredentialsUnavailable({ reason: "unsuitable", detail: own.value.message })
  }
  const detail = TransportFailure.kindOf(failure)
  return new CredentialsUnavailable({ reason: "failed", ...(detail === undefined ? {} : { detail }) })
}

/** Makes the source. `tokenEndpoint` says where it asks, `environment` what names it, `objectionTo` which credentials cannot be used there. */
export const make = (options: {
  readonly credentials: CredentialsInput
  readonly tokenEndpoint: Effect.Effect<URL, DiscoveryFailed>
  readonly environment: TokenRequest.TokenRequest["environment"]
  readonly objectionTo: (credentials: Credentials | RotatingCredentials) => string | undefined
  readonly policy: TokenPolicy
  readonly metrics: Metrics
  /** How the layer shares its tokens, if it does. */
  readonly share: Share | undefined
}): Effect.Effect<TokenSource> =>
  Effect.gen(function* () {
    const { credentials, environment, metrics, objectionTo, policy, share, tokenEndpoint } = options
    const failed = yield* FailedExchanges.make(policy, metrics)
    const exchange = RetriedExchange.make(policy, metrics, failed)
    /** The credentials that were accepted last, whatever was read since. */
    const accepted = yield* Ref.make<Credentials | undefined>(undefined)
    const lastTenant = yield* Ref.make<LastTenant | undefined>(undefined)
    /** The credentials that were read last. */
    const known = yield* Ref.make<ReadonlyArray<Credentials>>([])
    const lastRead = yield* Ref.make<Read | undefined>(undefined)
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const warned = new Set<string>()
    const warnOfRead = SeldomWarning.make(policy.maxRetryDelay)

    /** Says each warning once. */
    const warn = (input: Credentials | RotatingCredentials) =>
      Effect.suspend(() => {
        const warnings = Array.difference(Array.dedupe(Suspects.warningsOf(input)), Array.fromIterable(warned))
        warnings.forEach((warning) => void warned.add(warning))
        return Effect.forEach(warnings, (warning) => Logs.warn(warning), { discard: true })
      })

    const refuseUnsuitable = (input: Credentials | RotatingCredentials) => {
      const detail = objectionTo(input)
      return detail === undefined ? Effect.void : new CredentialsUnavailable({ reason: "unsuitable", detail })
    }

    const readNow = Effect.gen(function* () {
      const result = yield* read(credentials, policy).pipe(
        Effect.tap(refuseUnsuitable),
        Effect.tapError(({ _tag }) => Effect.sync(() => metrics.notReached(_tag))),
        // A vault that is down fails at each call.
        Effect.tapError(({ message }) => warnOfRead(`No credentials. ${message}`)),
        Effect.exit
      )
      yield* Ref.set(lastRead, { period: Period.make(yield* Clock.currentTimeMillis, readPause), result })
      return yield* result
    })

    const readSeldom = oneAtATime.withPermits(1)(
      Effect.flatMap(Effect.zip(Ref.get(lastRead), Clock.currentTimeMillis), ([last, now]) =>
        last !== undefined && Period.isCurrent(last.period, now) ? last.result : readNow
      )
    )

    /** What holds these credentials back now; `None` if some of them may be sent. */
    const allHeld = (all: ReadonlyArray<Credentials>) => Effect.map(Effect.forEach(all, failed.inForce), Option.all)

    /** The credentials to try, in order. If there are two, those that were accepted last come first. */
    const candidates = Effect.gen(function* () {
      const before = yield* Ref.get(known)
      const isHeld = before.length > 0 && Option.isSome(yield* allHeld(before))
      const input = yield* isHeld ? readSeldom : readNow
      yield* warn(input)
      const [given, another] = eachOf(input)
      // A rotation to the same credentials would send refused ones twice.
      const all = another === undefined || isSame(given, another) ? ([given] as const) : ([given, another] as const)
      yield* Ref.set(known, all)
      yield* failed.retain(all)
      const [current, next] = all
      const last = yield* Ref.get(accepted)
      return next !== undefined && last !== undefined && isSame(last, next)
        ? { first: next, second: current, isSwapped: true }
        : { first: current, second: next, isSwapped: false }
    })

    /** A token that names no tenant has that of the last token with the same ids, because an id belongs to one tenant. */
    const withTenant = (token: AccessToken, credentials: Credentials) =>
      Ref.modify(lastTenant, (last): readonly [AccessToken, LastTenant | undefined] => {
        const { tenant } = token
        const known = tenantOf(last, credentials)
        return tenant === undefined
          ? [known === undefined ? token : new AccessToken({ ...token, tenant: known }), last]
          : [token, { tenant, credentials }]
      })

    const refuseHeldBack = (credentials: Credentials) =>
      Effect.flatMap(failed.inForce(credentials), (held) =>
        Option.isSome(held) && !Pause.isWorthWaiting(held.value.error)
          ? Effect.fail(Pause.heldBack(held.value.error, held.value.left))
          : Effect.void
      )

    const exchangeFor = Effect.fnUntraced(function* (request: TokenRequest.TokenRequest) {
      const { credentials } = request
      const tenant = tenantOf(yield* Ref.get(lastTenant), credentials)
      const exchanged = Logs.annotate({ tenant: tenant?.tenantId })(exchange(request))
      return yield* Effect.flatMap(exchanged, (token) => withTenant(token, credentials))
    })

    /** Another process may have got a token with credentials that are held back here. So the store is asked first. */
    const shareExchange = Effect.fnUntraced(function* (
      share: Share,
      request: TokenRequest.TokenRequest,
      held: AccessToken | undefined
    ) {
      const { credentials } = request
      const token = yield* share(TokenRequest.subjectOf(request), held)
      const found = yield* token.take
      if (Option.isSome(found)) {
        yield* Logs.debug("token taken from the store")
      } else {
        yield* refuseHeldBack(credentials)
      }
      const shared = Option.isSome(found) ? found.value : yield* token.obtain(exchangeFor(request))
      return yield* withTenant(shared, credentials)
    })

    const obtainWith = Effect.fnUntraced(function* (
      credentials: Credentials,
      scopes: ScopeSet,
      held: AccessToken | undefined
    ) {
      if (share === undefined) {
        yield* refuseHeldBack(credentials)
      }
      const request = { tokenEndpoint: yield* tokenEndpoint, environment, credentials, scopes }
      if (credentials._tag === "AccessKeyOnly" && scopes.length > 0) {
        metrics.notReached("InsufficientScope")
        return yield* withoutScopes(request.tokenEndpoint, scopes)
      }
      const token = yield* share === undefined ? exchangeFor(request) : shareExchange(share, request, held)
      // Credentials that another process got the token with are accepted, too.
      yield* Ref.set(accepted, credentials)
      return token
    })

    /** For how long all of these credentials are still refused; nothing if some of them may be sent now. */
    const refusedFor = (all: ReadonlyArray<Credentials>) =>
      Effect.map(allHeld(all), (held) =>
        Option.map(Option.filter(held, Array.every(isRefusal)), (refusals) => ({
          retryAfter: Duration.millis(Math.min(...refusals.map(({ left }) => left)))
        }))
      )

    const obtain = Effect.fnUntraced(function* (
      scopesFor: (credentials: Credentials) => ScopeSet,
      held: AccessToken | undefined
    ) {
      const { first, isSwapped, second } = yield* candidates
      if (second === undefined) {
        return yield* obtainWith(first, scopesFor(first), held)
      }
      const [ofFirst, ofSecond] = isSwapped ? (["next", "current"] as const) : (["current", "next"] as const)
      const withFirst = Logs.annotate({ credentials: ofFirst })(obtainWith(first, scopesFor(first), held))
      const withSecond = Logs.annotate({ credentials: ofSecond })(obtainWith(second, scopesFor(second), held))
      const told = Logs.warn(`The ${ofSecond} credentials are tried, because the ${ofFirst} ones were refused.`)
      return yield* Effect.catchTag(withFirst, "InvalidClient", ({ heldBack, retryAfter: _, ...refusal }) =>
        (heldBack ? withSecond : Effect.mapError(Effect.zipRight(told, withSecond), sentBefore)).pipe(
          Effect.catchTag("InvalidClient", (other) =>
            // The first refusal may be a minute old by now, and forgotten or renewed.
            Effect.flatMap(refusedFor([first, second]), (left) =>
              Effect.fail(
                new InvalidClient({
                  ...refusal,
                  bothRefused: true,
                  heldBack: heldBack && other.heldBack,
                  ...Option.getOrUndefined(left)
                })
              )
            )
          )
        )
      )
    })

    if (!Effect.isEffect(credentials)) {
      yield* warn(credentials)
    }

    return {
      obtain: (scopes, held) => obtain(() => scopes, held),
      obtainUnscoped: (scopes, held) => obtain(({ _tag }) => (_tag === "ClientSecret" ? scopes : []), held),
      standing: Effect.gen(function* () {
        const held = yield* Effect.flatMap(Ref.get(known), Effect.forEach(failed.inForce))
        if (held.length > 0 && held.every(Option.exists(isRefusal))) {
          return "refused"
        }
        return held.some(Option.exists(({ error }) => Pause.saysNotYet(error))) ? "rate_limited" : "open"
      })
    }
  })
