import * as Either from "effect/Either"

/**
 * A set of OAuth scopes: sorted, each once. So the same scopes in another order are the same set.
 *
 * @since 0.1.0
 * @category models
 */
export type ScopeSet = ReadonlyArray<string>

/** Builds the set from a list, from a string with spaces, or from a list of such strings (RFC 6749 §3.3). */
export const make = (scopes: string | ReadonlyArray<string>): ScopeSet => {
  const tokens = (typeof scopes === "string" ? [scopes] : scopes).flatMap((part) => part.split(/\s+/))
  return Array.from(new Set(tokens.filter((token) => token !== ""))).sort()
}

// RFC 6749 §3.3. A comma is legal, so a list with commas is one scope. It can't be refused, because a provider may have
// such a scope; where the provider refuses it, `InsufficientScope` says what it looks like.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Reads scopes that an app gives. On the left is what is wrong with them, as the end of a sentence that begins with the
 * name of the option. It repeats no value, which may be a secret in the wrong place.
 */
export const parse = (input: string | ReadonlyArray<string>): Either.Either<ScopeSet, string> => {
  // Plain JavaScript may pass anything.
  const parts: unknown = typeof input === "string" ? [input] : input
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === "string")) {
    return Either.left("must be a string, or a list of strings")
  }
  return Either.filterOrLeft(
    Either.right(make(input)),
    (scopes) => scopes.every((scope) => scopeToken.test(scope)),
    () =>
      "may hold ASCII letters, digits and signs, but no quotation mark and no backslash (RFC 6749 §3.3); write them with spaces between them: read:users write:users"
  )
}

/** The same. Throws a `TypeError` that begins with `option`. */
export const parseOrThrow = (option: string, input: string | ReadonlyArray<string>): ScopeSet =>
  Either.getOrThrowWith(parse(input), (objection) => new TypeError(`${option} ${objection}`))

/** The `scope` parameter of RFC 6749 §3.3. Equal sets have equal texts, so it is also a key. */
export const toParameter = (scopes: ScopeSet): string => scopes.join(" ")
