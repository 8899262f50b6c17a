/**
 * What may be shown of a failed connection.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"

const errorCode = /^[A-Z][A-Z0-9_]{2,63}$/

/**
 * The error code that a transport failed with, such as `ECONNREFUSED`, `UND_ERR_SOCKET` or `CERT_HAS_EXPIRED`, found
 * along the chain of causes. Nothing else of the failure is safe to show: messages may quote a header (S1).
 *
 * @since 0.1.0
 * @category getters
 */
export const codeOf = (failure: unknown): string | undefined => {
  // A chain of causes can be a circle; no transport nests deeper than this.
  for (let depth = 0, error = failure; depth < 5 && Predicate.isObject(error); depth++) {
    if (Predicate.hasProperty(error, "code") && typeof error.code === "string" && errorCode.test(error.code)) {
      return error.code
    }
    error = Predicate.hasProperty(error, "cause") ? error.cause : undefined
  }
  return undefined
}
