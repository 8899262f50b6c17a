/**
 * The way to a token, as an effect.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Spans from "../telemetry/Spans.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { TokenCache } from "./TokenCache.js"
import * as TokenSlot from "./TokenSlot.js"

// As `Effect.clockWith` finds it; `Context.get` looks twice.
const clockOf = ({ currentDefaultServices }: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  currentDefaultServices.unsafeMap.get(Clock.Clock.key)

/** The token in the slot, where nobody traces and nothing else is to be done. */
const taken = <E>(slot: TokenSlot.TokenSlot<E>): TokenSlot.Held | undefined => {
  const fiber = Fiber.getCurrentFiber()
  return Option.isNone(fiber) || Spans.isTraced(fiber.value)
    ? undefined
    : TokenSlot.take(slot, clockOf(fiber.value).unsafeCurrentTimeMillis())
}

/** What a generator gets from an iterator that is at its end at once: the token, and no reason to stop for it. */
class Given {
  readonly #token: AccessToken

  constructor(token: AccessToken) {
    this.#token = token
  }

  next(): IteratorReturnResult<AccessToken> {
    return { done: true, value: this.#token }
  }
}

/**
 * Where a generator yields it (`yield* accessToken`) and the token is at hand, the generator has it without a step of
 * its fiber: two steps cost more than the look itself.
 */
class TokenAccess<E> extends Effectable.Class<AccessToken, E> {
  readonly #slot: TokenSlot.TokenSlot<E>
  readonly #get: (slot: TokenSlot.TokenSlot<E>) => Effect.Effect<AccessToken, E>

  constructor(slot: TokenSlot.TokenSlot<E>, get: (slot: TokenSlot.TokenSlot<E>) => Effect.Effect<AccessToken, E>) {
    super()
    this.#slot = slot
    this.#get = get
  }

  override commit(): Effect.Effect<AccessToken, E> {
    return taken(this.#slot)?.served ?? this.#get(this.#slot)
  }

  override [Symbol.iterator](): Effect.EffectGenerator<Effect.Effect<AccessToken, E>> {
    const held = taken(this.#slot)
    return held === undefined ? super[Symbol.iterator]() : new Given(held.token)
  }
}

/**
 * Makes the effects that get the tokens of a cache, each seen by a tracer as `CxoneAuth.accessToken`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(
  cache: TokenCache<E>,
  client: string | undefined
): ((slot: TokenSlot.TokenSlot<E>) => Effect.Effect<AccessToken, E>) => {
  const get = (slot: TokenSlot.TokenSlot<E>) => Spans.accessSpan((observe) => cache.get(slot, observe), client)
  return (slot) => new TokenAccess(slot, get)
}
