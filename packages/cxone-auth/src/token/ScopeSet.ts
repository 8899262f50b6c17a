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

/** The `scope` parameter of RFC 6749 §3.3. Equal sets have equal texts, so it is also a key. */
export const toParameter = (scopes: ScopeSet): string => scopes.join(" ")
