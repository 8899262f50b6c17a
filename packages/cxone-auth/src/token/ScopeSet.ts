/**
 * Sets of OAuth scopes.
 *
 * @since 0.1.0
 */

/**
 * A set of OAuth scopes: sorted, each once. Two requests for the same scopes in another order are the same set.
 *
 * @since 0.1.0
 * @category models
 */
export type ScopeSet = ReadonlyArray<string>

/**
 * Builds the set from a list in any order, from a space separated string, or from a list of such strings
 * (RFC 6749 §3.3: scopes are case-sensitive and separated by spaces).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (scopes: string | ReadonlyArray<string>): ScopeSet => {
  const tokens = (typeof scopes === "string" ? [scopes] : scopes).flatMap((part) => part.split(/\s+/))
  return Array.from(new Set(tokens.filter((token) => token !== ""))).sort()
}

/**
 * The set as the `scope` parameter of RFC 6749 §3.3; the same text for the same set, so it also serves as a key.
 *
 * @since 0.1.0
 * @category getters
 */
export const toParameter = (scopes: ScopeSet): string => scopes.join(" ")
