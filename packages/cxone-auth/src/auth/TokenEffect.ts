import * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Spans from "../telemetry/Spans.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { TokenCache } from "./TokenCache.js"
import * as TokenSlot from "./TokenSlot.js"

// Finds the clock as `Effect.clockWith` does. `Context.get` would do two lookups.
const clockOf = ({ currentDefaultServices }: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  currentDefaultServices.unsafeMap.get(Clock.Clock.key)

/** The fiber that asks. With a tracer it is `undefined`, because a span needs a step of the fiber. */
const untracedFiber = (): Fiber.RuntimeFiber<unknown, unknown> | undefined => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  return fiber === undefined || Spans.isTraced(fiber) ? undefined : fiber
}

/** The token of a slot, if there is nothing to do but hand it out. */
const taken = <E>(
  slot: TokenSlot.TokenSlot<E>,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
): TokenSlot.Held | undefined => TokenSlot.take(slot, clockOf(fiber).unsafeCurrentTimeMillis())

/**
 * The first token of a slot, if it is on its way. Thousands may wait for it, and each step of a fiber that waits is memory.
 */
const joined = <E>({ state }: TokenSlot.TokenSlot<E>): Effect.Effect<AccessToken, E> | undefined => {
  const { flight, held } = state.peek()
  return held === undefined ? flight?.join : undefined
}

/** An iterator that is at its end at once: its result is the token, and the generator does not stop for it. */
class Finished {
  readonly #token: AccessToken

  constructor(token: AccessToken) {
    this.#token = token
  }

  next(): IteratorReturnResult<AccessToken> {
    return { done: true, value: this.#token }
  }
}

/**
 * An effect that gets the token. If the token only has to be handed out (`taken`), `yield*` in a generator returns it
 * without a step of the fiber, because two steps cost more than finding it.
 */
class TokenEffect<E> extends Effectable.Class<AccessToken, E> {
  readonly #slot: TokenSlot.TokenSlot<E>
  readonly #get: (slot: TokenSlot.TokenSlot<E>) => Effect.Effect<AccessToken, E>

  constructor(slot: TokenSlot.TokenSlot<E>, get: (slot: TokenSlot.TokenSlot<E>) => Effect.Effect<AccessToken, E>) {
    super()
    this.#slot = slot
    this.#get = get
  }

  override commit(): Effect.Effect<AccessToken, E> {
    const fiber = untracedFiber()
    const found = fiber && (taken(this.#slot, fiber)?.served ?? joined(this.#slot))
    return found ?? this.#get(this.#slot)
  }

  override [Symbol.iterator](): Effect.EffectGenerator<Effect.Effect<AccessToken, E>> {
    const fiber = untracedFiber()
    const held = fiber && taken(this.#slot, fiber)
    return held === undefined ? super[Symbol.iterator]() : new Finished(held.token)
  }
}

/** Makes the effects that get the tokens of a cache. A tracer sees each as `CxoneAuth.accessToken`. */
export const make = <E extends { readonly _tag: string }>(
  cache: TokenCache<E>,
  client: string | undefined
): ((slot: TokenSlot.TokenSlot<E>) => Effect.Effect<AccessToken, E>) => {
  const get = (slot: TokenSlot.TokenSlot<E>) => Spans.accessSpan((observe) => cache.get(slot, observe), client)
  return (slot) => new TokenEffect(slot, get)
}
