/**
 * The texts that tokens are.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import { PCGRandom } from "effect/Utils"

/**
 * Makes tokens. Each is another.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenGenerator {
  /** A text of this many times 32 random bits. */
  readonly opaque: (words: number) => string
  /** A JWT (RFC 7519) of the length that an RS256 signature gives it: 256 bytes, random here. */
  readonly jwt: (claims: object, header?: { readonly [name: string]: string }) => string
}

/**
 * Builds the writer. Its generator is seeded here by the current `Random`, whatever the one of a request is: a test that
 * seeds one for each request would else be handed the same token twice.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<TokenGenerator> = Effect.gen(function* () {
  const random = yield* Effect.random
  const word = random.nextIntBetween(0, 2 ** 32)
  const generator = new PCGRandom(...(yield* Effect.all([word, word, word, word])))

  const opaque = (words: number) => {
    const numbers = Uint32Array.from({ length: words }, () => generator.integer(2 ** 32))
    return Encoding.encodeBase64Url(new Uint8Array(numbers.buffer))
  }
  return {
    opaque,
    jwt: (claims, header = {}) => {
      const part = (json: object) => Encoding.encodeBase64Url(JSON.stringify(json))
      return `${part({ alg: "RS256", typ: "JWT", ...header })}.${part(claims)}.${opaque(64)}`
    }
  }
})
