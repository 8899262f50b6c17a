import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import { identity } from "effect/Function"
import * as Readable from "effect/Readable"
import * as Ref from "effect/Ref"

/**
 * An `effect/Ref` whose value can also be read outside an effect, because each step of a fiber costs more than the whole
 * look at a cached token. Every change goes through `Ref.set`, `Ref.update` or `Ref.modify`.
 */
export class PeekableRef<A> extends Effectable.Class<A> implements Ref.Ref<A> {
  #current: A

  constructor(initial: A) {
    super()
    this.#current = initial
  }

  // Getters, because a field would cost 8 bytes in each of 100,000 slots.
  get [Ref.RefTypeId](): Ref.Ref.Variance<A>[Ref.RefTypeId] {
    return variance
  }

  get [Readable.TypeId](): Readable.TypeId {
    return Readable.TypeId
  }

  peek(): A {
    return this.#current
  }

  get get(): Effect.Effect<A> {
    return Effect.sync(() => this.#current)
  }

  modify<B>(f: (current: A) => readonly [B, A]): Effect.Effect<B> {
    return Effect.sync(() => {
      const [result, next] = f(this.#current)
      this.#current = next
      return result
    })
  }

  override commit(): Effect.Effect<A> {
    return this.get
  }
}

const variance = { _A: identity }
