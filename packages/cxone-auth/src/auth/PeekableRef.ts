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
  readonly [Ref.RefTypeId]: Ref.Ref.Variance<A>[Ref.RefTypeId] = variance
  readonly [Readable.TypeId]: Readable.TypeId = Readable.TypeId
  #current: A

  constructor(initial: A) {
    super()
    this.#current = initial
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
