/**
 * What may be said of a transport's failure: its kind, its code, and the words of its message that `Redaction.quote` lets
 * through (S1, S2).
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as CauseChain from "./CauseChain.js"
import * as Redaction from "./Redaction.js"

/** The failure of the app's own stream, on its way through a transport. */
export class BodyFailed extends Error {
  constructor(override readonly cause: unknown) {
    super()
  }
}

/**
 * The failure of the app's own stream, if a transport failed for it. The app's stream never gets the
 * request, so its failure has no token that this library put there.
 */
export const bodyFailureIn = (failure: unknown): Option.Option<unknown> =>
  Option.map(
    Option.fromNullable(Array.from(CauseChain.of(failure)).find((error) => error instanceof BodyFailed)),
    ({ cause }) => cause
  )

const identifier = /^[\w$./@-]{1,64}$/

/** The kind of a failure: its tag, or the name of its class. */
export const kindOf = (failure: unknown): string | undefined => {
  const kind = Predicate.hasProperty(failure, "_tag") ? failure._tag : failure instanceof Error && failure.name
  return typeof kind === "string" && identifier.test(kind) ? kind : undefined
}

const errorCode = /^[A-Z][A-Z0-9_]{2,63}$/

/**
 * The error code of a transport's failure, such as `ECONNREFUSED`, `UND_ERR_SOCKET` or `CERT_HAS_EXPIRED`, from its chain
 * of causes.
 */
export const codeOf = (failure: unknown): string | undefined =>
  Array.from(CauseChain.of(failure))
    .map((error) => (Predicate.hasProperty(error, "code") ? error.code : undefined))
    .find((code): code is string => typeof code === "string" && errorCode.test(code))

// The codes that Node gives to a failed check of a certificate (its documentation of TLS, "X509 certificate error codes"),
// and undici's for the certificate of a proxy. Codes about a certificate that the app itself gives are not among them.
const certificateErrors: ReadonlySet<string> = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CRL_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERROR_IN_CRL_LAST_UPDATE_FIELD",
  "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
  "ERR_TLS_CERT_ALTNAME_FORMAT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_CERT_SIGNATURE_ALGORITHM_UNSUPPORTED",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UND_ERR_PRX_TLS"
])

// undici has no code for this, only its message.
const isProxyRefusal = (error: object): boolean =>
  Predicate.hasProperty(error, "message") &&
  typeof error.message === "string" &&
  error.message.startsWith("Proxy response (407)")

/**
 * Why a transport failed: a certificate that is not trusted, a proxy that wants credentials, or anything else. The first
 * two fail again at each try, until somebody mends them.
 */
export const reasonOf = (failure: unknown): "certificate" | "proxy_authentication" | "transport" => {
  if (certificateErrors.has(codeOf(failure) ?? "")) {
    return "certificate"
  }
  return Array.from(CauseChain.of(failure)).some(isProxyRefusal) ? "proxy_authentication" : "transport"
}

/**
 * What a transport's failure says: the kind and the code of the error at its root, and its message as far as it may be
 * quoted (S2). Empty if that is nothing.
 */
export const explain = (failure: unknown, sent: Redaction.Sent): string => {
  const root = Array.from(CauseChain.of(failure)).at(-1)
  const code = codeOf(failure)
  // A message with the code in it says no more than the code.
  const says = root instanceof Error && (code === undefined || !root.message.includes(code)) ? root.message : ""
  const text = Redaction.quote(says, sent)
  const kinds = [kindOf(root), code].filter(
    (kind): kind is string => kind !== undefined && kind !== "Error" && !Redaction.repeats(kind, sent)
  )
  return [kinds.join(" "), Redaction.isNothing(text) ? "" : text].filter((part) => part !== "").join(": ")
}
