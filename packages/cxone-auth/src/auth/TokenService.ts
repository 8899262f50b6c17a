/**
 * The token service: what it is made from, and how its parts are put together.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRefs from "effect/FiberRefs"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { type CxoneEnvironment, constructorOf, copy as copyOf, defaultScopes } from "../environment/CxoneEnvironment.js"
import * as Discovery from "../environment/Discovery.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import { type CredentialsInput, eachOf, make as makeSource } from "../exchange/TokenSource.js"
import type { TokenStore } from "../store/TokenStore.js"
import {
  key,
  type SharedTokens,
  type Subject,
  sharedTokensOf,
  type TokenStoreService
} from "../store/TokenStoreService.js"
import * as Logs from "../telemetry/Logs.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Spans from "../telemetry/Spans.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import { TokenPolicy, type TokenPolicyOptions } from "../token/TokenPolicy.js"
import * as ApiState from "./ApiState.js"
import * as Compatibility from "./Compatibility.js"
import type { CxoneAuthService } from "./CxoneAuthService.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEffect from "./TokenEffect.js"
import * as TokenSlot from "./TokenSlot.js"
import { make as tokenStatus } from "./TokenStatus.js"

/**
 * What `CxoneAuth.layer` is made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthOptions<R = never> {
  /**
   * The credentials, or an effect that yields them, for a rotation without a restart. The effect runs at each exchange, and
   * may take 10 s. While the credentials are refused, it also runs at calls that need a new token, at most once a second,
   * so that other credentials are noticed soon: make it a quick one. New credentials are used from the next exchange on;
   * the current token serves to its end. The services that the effect needs are needed by the layer.
   */
  readonly credentials: CredentialsInput<R>
  /** Where the token endpoint and the API are. It must fit the credentials; `CxoneEnvironment` says which do. */
  readonly environment: CxoneEnvironment
  /**
   * The scopes of `accessToken`, as a list or separated by spaces. Default: `offline_access` for a client alone at the
   * platform gateway or a custom endpoint. Else none: with an access key, CXone sets the scopes itself.
   */
  readonly scopes?: string | ReadonlyArray<string> | undefined
  /** The numbers that differ from the defaults. */
  readonly policy?: TokenPolicyOptions | undefined
  /**
   * The name of this client in metrics, spans and logs (label `client`). Default: no label. Name each, if there are
   * several.
   */
  readonly name?: string | undefined
}

/**
 * What `CxoneAuth.layerFromEnv` may be told: where the settings are, and what has no setting.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthFromEnvOptions extends Pick<CxoneAuthOptions, "policy" | "name"> {
  /**
   * What stands before the names of the settings, such as `ACME` for `ACME_CXONE_CLIENT_ID`. So each tenant of a process
   * can have settings of its own. With a `ConfigProvider` of JSON, it is the key of the object that they are in. Default:
   * nothing.
   */
  readonly prefix?: string | undefined
}

const keyOf = ScopeSet.toParameter

/** How a try to get a token may end. The other errors are of calls. */
const outcomes: ReadonlyArray<"token" | "interrupted" | "Defect" | CxoneAuthError["_tag"]> = [
  "token",
  "interrupted",
  "Defect",
  "CredentialsUnavailable",
  "DiscoveryFailed",
  "InsufficientScope",
  "InvalidClient",
  "InvalidTokenResponse",
  "RateLimited",
  "TokenEndpointUnavailable"
]

type Build<R, Needed = never> = Effect.Effect<CxoneAuthService, never, HttpClient.HttpClient | Scope.Scope | R | Needed>

/** Makes the service. */
export const make = <R>(options: CxoneAuthOptions<R>): Build<R> => prepare(options)(undefined)

// Not the class, because that brings all stores into the bundle of a program that has none.
const TokenStoreTag = Context.GenericTag<TokenStore, TokenStoreService>(key)

/** Makes a service whose tokens are those of all processes over the same store (L11). */
export const makeShared = <R>(options: CxoneAuthOptions<R>): Build<R, TokenStore> => {
  const build = prepare(options)
  return Effect.flatMap(TokenStoreTag, (store) => build(sharedTokensOf(store)))
}

const prepare = <R>(options: CxoneAuthOptions<R>): ((shared: SharedTokens | undefined) => Build<R>) => {
  // A wrong option throws when the layer is called, not only when it is built. Plain JavaScript may pass anything.
  if (!Predicate.isRecord(options)) {
    throw new TypeError("CxoneAuth: expected an object with credentials and environment")
  }
  const environment = copyOf(options.environment)
  const objectionTo = Compatibility.objectionIn(environment)
  const objection = Effect.isEffect(options.credentials) ? undefined : objectionTo(options.credentials)
  if (objection !== undefined) {
    throw new TypeError(`CxoneAuth: ${objection}`)
  }
  const policy = TokenPolicy.make(options.policy)
  const given = options.scopes === undefined ? undefined : ScopeSet.parseOrThrow("CxoneAuth: scopes", options.scopes)

  return Effect.fnUntraced(function* (shared) {
    const services = yield* Effect.context<HttpClient.HttpClient | R>()
    // The span in which the layer is built is no service that the credentials' effect could ask for.
    const context = Context.omit(Tracer.ParentSpan)(services) as typeof services
    const fiberRefs = yield* Effect.getFiberRefs
    const scope = yield* Effect.scope
    // Each read has a scope of its own, so that a connection to a vault doesn't stay open until the layer closes.
    const credentials = Effect.isEffect(options.credentials)
      ? Effect.provide(Effect.scoped(options.credentials), context)
      : options.credentials
    const metrics = Metrics.make(options.name, outcomes)

    let isClosed = false
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        metrics.refusals(0)
      })
    )

    // Context, tracer and annotations are those of the layer, because an exchange belongs to no caller (L3).
    const inTheLayer = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): Effect.Effect<A, E> =>
      Effect.zipRight(
        Effect.updateFiberRefs((fiberId) => FiberRefs.forkAs(fiberRefs, fiberId)),
        effect.pipe(
          options.name === undefined ? identity : Effect.annotateSpans(Spans.own("client"), options.name),
          Logs.annotate({ client: options.name }),
          Effect.mapInputContext((_: Context.Context<never>) => context)
        )
      )

    // In a fiber of its own, because the one that meets a failure goes on with its own context.
    const report = (line: Effect.Effect<void>) =>
      Effect.asVoid(Effect.flatMap(Effect.fork(inTheLayer(line)), Fiber.await))

    const discovery = Discovery.make({
      environment,
      policy,
      scope,
      run: inTheLayer,
      report: (failure, tenant) =>
        Effect.zipRight(
          Effect.sync(() => metrics.notReached(failure._tag)),
          report(Discovery.warnOf(failure, tenant))
        )
    })
    const source = yield* makeSource({
      credentials,
      tokenEndpoint: discovery.tokenEndpoint,
      environment: constructorOf(environment),
      objectionTo,
      policy,
      metrics,
      share: shared === undefined ? undefined : shareOf(shared, policy, metrics.ofStore())
    }).pipe(Logs.annotate({ client: options.name }))

    const scopes = given ?? defaultScopesOf(credentials, environment)
    const obtainDefault = given === undefined ? source.obtainUnscoped : source.obtain

    const cache = TokenCache.make<CxoneAuthError>({
      // `apiBaseUrl` is that of the tokens with the default scopes. One with other scopes may already come from another
      // tenant's credentials.
      exchange: (wanted, held) =>
        inTheLayer(
          wanted === scopes ? Effect.tap(obtainDefault(wanted, held), discovery.learn) : source.obtain(wanted, held)
        ),
      onRenewalFailed: ({ reason, tag }, left) => {
        const why = reason === undefined ? tag : `${tag}, ${reason}`
        const next = Duration.greaterThan(left, Duration.zero)
          ? "Calls get the current one"
          : "The next call waits for a new one"
        return report(Logs.warn(`The token could not be renewed ahead of its end (${why}). ${next}.`, { lasts: left }))
      },
      policy,
      scope
    })
    const accessTo = TokenEffect.make(cache, options.name)

    const slots = new Map<string, TokenSlot.TokenSlot<CxoneAuthError>>()
    const slotOf = (scopes: ScopeSet.ScopeSet) => {
      const key = keyOf(scopes)
      const slot = slots.get(key) ?? TokenSlot.make<CxoneAuthError>(scopes, metrics.ofToken(key))
      slots.set(key, slot)
      return slot
    }
    // Scopes in the form of the key (sorted, each once) are found without building a set.
    const slotFor = (input: string | ReadonlyArray<string>) =>
      slots.get(typeof input === "string" ? input : keyOf(input)) ??
      slotOf(ScopeSet.parseOrThrow("CxoneAuth: scopes", input))
    const accessToken = accessTo(slotOf(scopes))
    const ownerOf = (token: AccessToken) => Arr.findFirst(slots.values(), (slot) => TokenSlot.hasObtained(slot, token))
    const holdersOf = (token: AccessToken) => Array.from(slots.values()).filter((slot) => TokenSlot.holds(slot, token))

    /** In the background, because no caller waits for the store. */
    const refuse = (token: AccessToken) =>
      Effect.suspend(() =>
        shared === undefined ? Effect.void : Effect.forkIn(inTheLayer(shared.refuse(token)), scope)
      )
    const wasTaken = (token: AccessToken) => shared?.wasTaken(token) === true

    const invalidate = (token: AccessToken) =>
      Effect.suspend(() =>
        Effect.uninterruptible(
          Effect.zipRight(
            refuse(token),
            Effect.forEach(holdersOf(token), (slot) => TokenSlot.drop(slot, token), { discard: true })
          )
        )
      )

    const service: CxoneAuthService = {
      accessToken,
      accessTokenFor: (scopes) => accessTo(slotFor(scopes)),
      invalidate,
      apiBaseUrl: discovery.apiBaseUrl({ current: accessToken, drop: invalidate }),
      status: Effect.gen(function* () {
        const standing = yield* source.standing
        const now = yield* Clock.currentTimeMillis
        return Array.from(slots.values(), (slot) => tokenStatus(TokenSlot.snapshot(slot, now), standing, wasTaken, now))
      })
    }
    return ApiState.attach(
      service,
      yield* ApiState.make({
        report,
        // After the layer has closed, no token counts as held. So a 401 only interrupts the call, and no renewal is
        // counted.
        holds: (token) => !isClosed && Option.exists(ownerOf(token), TokenSlot.isAtRest),
        renew: (token) =>
          Option.match(ownerOf(token), {
            onNone: () => Effect.succeed(Effect.void),
            onSome: (slot) => Effect.zipRight(refuse(token), cache.renew(slot, token))
          }),
        apiBaseUrlOf: (token) => discovery.apiBaseUrlOf(token, invalidate)
      })
    )
  })
}

const shareOf =
  ({ of }: SharedTokens, policy: TokenPolicy, metrics: Metrics.StoreMetrics) =>
  (subject: Subject, held: AccessToken | undefined) =>
    of({ ...subject, held, policy, metrics })

const defaultScopesOf = (input: CredentialsInput, environment: CxoneEnvironment): ScopeSet.ScopeSet => {
  const hasKey = !Effect.isEffect(input) && eachOf(input)[0]._tag !== "ClientSecret"
  return environment._tag === "FixedEnvironment" && !hasKey ? defaultScopes : []
}
