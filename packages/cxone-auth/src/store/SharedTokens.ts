/**
 * One token for many processes: taken from the store, or requested by the one that holds the lease.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Logs from "../telemetry/Logs.js"
import type { StoreMetrics } from "../telemetry/Metrics.js"
import * as Spans from "../telemetry/Spans.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import * as Expiry from "../token/Expiry.js"
import * as Period from "../token/Period.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as Breaker from "./Breaker.js"
import * as Envelope from "./Envelope.js"
import * as StoredToken from "./StoredToken.js"
import type { TokenStoreBackend, TokenStoreError } from "./TokenStoreBackend.js"

/** A token that a layer wants. */
export interface Wanted extends Envelope.Subject {
  /** The token that the layer has. Only one that lives longer is of use. */
  readonly held: AccessToken | undefined
  readonly policy: TokenPolicy
  readonly metrics: StoreMetrics
}

/** A token that processes share. */
export interface SharedToken {
  /** The stored token, if it is of use. */
  readonly take: Effect.Effect<Option.Option<AccessToken>>
  /**
   * Gets a token by `exchange`, and stores it. One process at a time does so. The others wait for its token, but no longer
   * than an exchange of their own could take. If its exchange fails, each makes its own within 10 s. If the store is away,
   * that is the exchange alone.
   */
  readonly obtain: <E, R>(exchange: Effect.Effect<AccessToken, E, R>) => Effect.Effect<AccessToken, E, R>
}

/** The tokens that the layers over one store share with other processes. */
export interface SharedTokens {
  readonly of: (wanted: Wanted) => Effect.Effect<SharedToken>
  /**
   * Notes at once that the API refused a token: it is not taken from the store again. The effect removes it from there, unless
   * there is another by now.
   */
  readonly refuse: (token: AccessToken) => Effect.Effect<void>
  /** Whether a token came from the store. */
  readonly wasTaken: (token: AccessToken) => boolean
}

/** If the holder dies, the lease ends after this time. Until then the holder renews it three times. */
const leaseLasts = Duration.seconds(6)
const renewEvery = Duration.seconds(2)

/** The pause between two looks of a waiting process that nothing wakes: drawn between these two, in milliseconds. */
const shortestPoll = 250
const longestPoll = 750

/**
 * How long those who wait for a holder can see that its exchange has failed. In this time each makes its own, at a moment of
 * its own, because the endpoint may be in need of quiet.
 */
const failureLasts = Duration.seconds(10)

/** How many refused tokens are remembered. */
const mostRefused = 256

/** The longest that an exchange takes: its tries, the waits between them, and the time that a server may ask for. */
const longestExchange = ({ attemptTimeout, maxRetries, maxRetryDelay, maxWait }: TokenPolicy): Duration.Duration =>
  Duration.sum(
    maxWait,
    Duration.sum(Duration.times(attemptTimeout, maxRetries + 1), Duration.times(maxRetryDelay, maxRetries))
  )

const livesLonger = (token: AccessToken, held: AccessToken): boolean =>
  token.expiresAt > held.expiresAt && !isSame(token, held)

/** The least time between two warnings of entries that can't be read. */
const unreadablePause = Duration.minutes(1)

/** What there is without a store. */
const alone: SharedToken = { take: Effect.succeedNone, obtain: identity }

/** Makes the shared tokens of a store. */
export const make = (backend: TokenStoreBackend): Effect.Effect<SharedTokens> =>
  Effect.map(Breaker.make, (breaker) => {
    // By the text of the token, because the token may get another tenant.
    /** The entry of each token that was read from the store or written to it. */
    const stored = new WeakMap<AccessToken["value"], { readonly name: string; readonly value: string }>()
    const taken = new WeakSet<AccessToken["value"]>()
    const refused: Array<AccessToken> = []
    const isRefused = (token: AccessToken) => refused.some((one) => isSame(one, token))
    let unreadable = Period.ended

    const isOfUse =
      ({ held, policy }: Wanted, now: number) =>
      (token: AccessToken) =>
        Expiry.isUsable(policy, token, now) &&
        !isRefused(token) &&
        (held === undefined || isRefused(held) || livesLonger(token, held))

    const warnUnreadable = (now: number) => {
      if (Period.isCurrent(unreadable, now)) {
        return Effect.void
      }
      unreadable = Period.make(now, unreadablePause)
      return Logs.warn("The token store holds an entry that can't be read. It is replaced by the next token.")
    }

    const lookUp = Effect.fnUntraced(function* ({ name, open }: Envelope.Envelope, wanted: Wanted) {
      const now = yield* Clock.currentTimeMillis
      const answer = yield* breaker.read(() => backend.read(name))
      const entry = Option.flatten(answer)
      const text = yield* Option.match(entry, { onNone: () => Effect.succeedNone, onSome: ({ value }) => open(value) })
      const token = Option.flatMap(Option.all([entry, text]), ([{ left }, text]) => StoredToken.decode(text, left, now))
      if (Option.isSome(entry) && Option.exists(token, isRefused)) {
        yield* breaker.cleanUp(() => backend.remove(name, entry.value.value))
      }
      if (Option.isSome(entry) && Option.isNone(token)) {
        yield* warnUnreadable(now)
      }
      const useful = Option.filter(token, isOfUse(wanted, now))
      if (Option.isSome(entry) && Option.isSome(useful)) {
        stored.set(useful.value.value, { name, value: entry.value.value })
        taken.add(useful.value.value)
      }
      const found = Option.isNone(answer) ? "failure" : Option.isSome(useful) ? "hit" : "miss"
      wanted.metrics.looked(found)
      yield* Effect.annotateCurrentSpan(Spans.own("store"), found)
      return useful
    })

    const store = Effect.fnUntraced(
      function* ({ name, seal }: Envelope.Envelope, token: AccessToken) {
        const value = yield* seal(StoredToken.encode(token))
        const left = token.expiresAt - (yield* Clock.currentTimeMillis)
        // A provider may give out again what the API has refused.
        if (left > 0 && !isRefused(token)) {
          stored.set(token.value, { name, value })
          yield* breaker.write(() => backend.write(name, value, Duration.millis(left)))
        }
      },
      Effect.catchAll((error: TokenStoreError) => breaker.write(() => error))
    )

    const sharedToken = (envelope: Envelope.Envelope, wanted: Wanted): SharedToken => {
      const { name } = envelope
      const failure = `${name}-failed`
      const { metrics, policy } = wanted
      const look = lookUp(envelope, wanted)

      const obtain = Effect.fnUntraced(function* <E, R>(exchange: Effect.Effect<AccessToken, E, R>) {
        const owner = globalThis.crypto.randomUUID()
        const exchangeAndStore = Effect.tap(exchange, (token) => store(envelope, token))

        // The exchange goes on if the lease is lost: the last token that is written stays, and both are valid.
        const renewing = breaker
          .cleanUp(() => backend.renew(name, owner, leaseLasts))
          .pipe(
            Effect.delay(renewEvery),
            Effect.repeat({ until: Option.contains(false) }),
            Effect.zipRight(Effect.sync(() => metrics.leased("lost")))
          )
        const noteFailure = breaker.write(() => backend.write(failure, owner, failureLasts))
        // Between the last look and the lease, another process may have stored a token.
        const asHolder = Effect.flatMap(
          look,
          Option.match({
            onNone: () => {
              metrics.leased("acquired")
              return Effect.acquireUseRelease(
                Effect.fork(Effect.interruptible(renewing)),
                () => Effect.tapError(exchangeAndStore, () => noteFailure),
                Fiber.interrupt
              )
            },
            onSome: Effect.succeed
          })
        )
        const turn = Effect.acquireUseRelease(
          breaker.write(() => backend.acquire(name, owner, leaseLasts)),
          Option.match({
            onNone: () => Effect.asSome(exchangeAndStore),
            onSome: (lease) => (lease === "acquired" ? Effect.asSome(asHolder) : Effect.succeedNone)
          }),
          // If the store did not answer, the lease may have been taken all the same.
          (lease) =>
            Option.contains(lease, "held") ? Effect.void : breaker.cleanUp(() => backend.release(name, owner))
        )

        /** Which exchange of a holder failed last. */
        const lastFailure = Effect.map(
          breaker.read(() => backend.read(failure)),
          (answer) => Option.getOrUndefined(Option.flatten(answer))?.value
        )

        const wait = Effect.gen(function* () {
          metrics.leased("waited")
          const failedBefore = yield* lastFailure
          const changes = Option.getOrElse(yield* breaker.read(() => backend.watch(name)), () => Effect.never)
          const patience = Period.make(yield* Clock.currentTimeMillis, longestExchange(policy))
          while (true) {
            // The look comes first: a lease that is taken for nothing and given up would wake all others.
            const found = yield* look
            if (Option.isNone(found)) {
              const failed = yield* lastFailure
              // Else all would try one after the other, and the last one would hear of the failure after hours.
              if (failed !== undefined && failed !== failedBefore) {
                yield* Effect.sleep(Duration.times(failureLasts, yield* Random.next))
                const late = yield* look
                return Option.isSome(late) ? late.value : yield* exchangeAndStore
              }
            }
            const token = Option.isSome(found) ? found : yield* turn
            if (Option.isSome(token)) {
              return token.value
            }
            const left = Period.left(patience, yield* Clock.currentTimeMillis)
            if (left === 0) {
              return yield* exchangeAndStore
            }
            const poll = yield* Random.nextIntBetween(shortestPoll, longestPoll)
            yield* Effect.timeoutOption(changes, Duration.millis(Math.min(poll, left)))
          }
        })

        const first = yield* turn
        return Option.isSome(first) ? first.value : yield* Effect.scoped(wait)
      })

      return {
        take: Effect.withSpan(look, "CxoneAuth.store", { captureStackTrace: false }),
        obtain: (exchange) => Effect.withSpan(obtain(exchange), "CxoneAuth.obtainShared", { captureStackTrace: false })
      }
    }

    return {
      of: (wanted) =>
        // Outside of the breaker: derived keys do not mean that the store is back.
        Effect.matchEffect(Envelope.make(wanted), {
          onFailure: (error) =>
            Effect.as(
              breaker.read(() => error),
              alone
            ),
          onSuccess: (envelope) => Effect.succeed(sharedToken(envelope, wanted))
        }),
      refuse: (token) => {
        if (!isRefused(token)) {
          refused.push(token)
          refused.splice(0, refused.length - mostRefused)
        }
        const place = stored.get(token.value)
        return place === undefined
          ? Effect.void
          : Effect.asVoid(breaker.cleanUp(() => backend.remove(place.name, place.value)))
      },
      wasTaken: (token) => taken.has(token.value)
    }
  })
