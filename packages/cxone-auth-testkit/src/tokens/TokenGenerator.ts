import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import { PCGRandom } from "effect/Utils"
import * as SigningKey from "./SigningKey.js"

/** Generates tokens that are all different. */
export interface TokenGenerator {
  /** `words` times 32 random bits, as base64url. */
  readonly opaque: (words: number) => string
  /** A signed JWT (RFC 7519). Its `jti` is random, because equal claims have equal signatures. */
  readonly jwt: (claims: object, header?: { readonly [name: string]: string }) => string
}

/**
 * Seeds the generator with the current `Random`, once. If each request used its own `Random`, a test that seeds every
 * request alike would get the same token twice.
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
      const signingInput = `${part({ alg: "RS256", typ: "JWT", ...header })}.${part({ ...claims, jti: opaque(4) })}`
      return `${signingInput}.${SigningKey.sign(signingInput)}`
    }
  }
})
