/**
 * What may be said of a transport's failure: its kind, its code, and the words of its message that `Redaction.quote` lets
 * through (S1, S2); and why there is no answer.
 */
import { isHttpClientError } from "@effect/platform/HttpClientError"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { NoAnswer } from "../errors/NoAnswer.js"
import * as CauseChain from "./CauseChain.js"
import * as Peer from "./Peer.js"
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

// node:https hides OpenSSL's reason in the message of an `EPROTO`. undici makes a code of it, and so does this.
const opensslReason = /:SSL routines:[^:]{0,80}:([a-z][a-z0-9 ]{2,55}):/

const ownCodeOf = (error: object): unknown => {
  if (!Predicate.hasProperty(error, "code") || error.code !== "EPROTO") {
    return Predicate.hasProperty(error, "code") ? error.code : undefined
  }
  const reason = opensslReason.exec(messageOf(error))?.[1]
  return reason === undefined ? error.code : `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`
}

const messageOf = (error: object): string =>
  Predicate.hasProperty(error, "message") && typeof error.message === "string" ? error.message : ""

/**
 * The error code of a transport's failure, such as `ECONNREFUSED`, `UND_ERR_SOCKET` or `CERT_HAS_EXPIRED`, from its chain
 * of causes.
 */
export const codeOf = (failure: unknown): string | undefined =>
  Array.from(CauseChain.of(failure))
    .map(ownCodeOf)
    .find((code): code is string => typeof code === "string" && errorCode.test(code))

// The codes that Node gives to a failed check of a certificate (its documentation of TLS, "X509 certificate error codes"),
// and undici's for the certificate of a proxy. Codes about a certificate that the app itself gives are not among them.
const certificateError =
  /^(?:(?:CERT|CRL|UNABLE_TO|ERROR_IN_(?:CERT|CRL)|ERR_TLS_CERT)_|(?:(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|UND_ERR_PRX_TLS)(?:$|_IN_))/

// The codes of a mistake in how the app's HttpClient is set up: its URL, headers, agent, dispatcher or key. They are those
// that Node and undici throw before anything is sent.
const setUpErrors: ReadonlySet<string> = new Set([
  "ERR_HTTP_INVALID_HEADER_VALUE",
  "ERR_INVALID_ARG_TYPE",
  "ERR_INVALID_ARG_VALUE",
  "ERR_INVALID_CHAR",
  "ERR_INVALID_HTTP_TOKEN",
  "ERR_INVALID_PROTOCOL",
  "ERR_INVALID_PROXY",
  "ERR_INVALID_URL",
  "ERR_TLS_INVALID_PROTOCOL_VERSION",
  "ERR_TLS_PROTOCOL_VERSION_CONFLICT",
  "ERR_UNESCAPED_CHARACTERS",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED"
])

/** OpenSSL's codes for a key, certificate or authority that the app gives and that cannot be read. */
const ofKeys = /^ERR_OSSL_/

// The same mistakes without a code. A fetch that could not connect throws a `TypeError`, too, but says so in other words.
const setUpMessages =
  /is not a function|^Cannot read propert|^undefined is not|^(?:Headers(?:\.\w+| constructor)|Request constructor|RequestInit): |^Request with GET\/HEAD|is not an accepted type|^(?:bad port|unknown scheme)$/

/** Whether the platform could make no request of it: the URL is none, or the body could not be encoded. */
const isRefusedByPlatform = (failure: unknown): boolean =>
  isHttpClientError(failure) && failure._tag === "RequestError" && failure.reason !== "Transport"

const proxyVariable = /^(?:https?_proxy|HTTPS?_PROXY)$/

/** The variable that is no URL of a proxy, which `cxone-auth-undici` names. */
const invalidProxyIn = (failure: unknown): string | undefined =>
  Array.from(CauseChain.of(failure))
    .map((error) => (Predicate.hasProperty(error, "setting") ? error.setting : undefined))
    .find((setting): setting is string => typeof setting === "string" && proxyVariable.test(setting))

const timeOut = / within ((?:\d{1,3}(?:ms|s|m|h|d) ?){1,5}) \((connectTimeout|headersTimeout|bodyTimeout)\)$/
const throughProxy = /\(through the proxy at ((?:[\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\])(?::\d{1,5})?)\)/

/**
 * The time-out that `cxone-auth-undici` describes, and the proxy in between: `headersTimeout 1m`. No other words of a
 * description count, because a transport may put anything there.
 */
const timeOutOf = (failure: unknown, sent: Redaction.Sent): string | undefined => {
  const description = isHttpClientError(failure) ? String(failure.description) : ""
  const [, duration, option] = timeOut.exec(description) ?? []
  if (duration === undefined || Redaction.hasPiece(duration, sent)) {
    return undefined
  }
  const limit = `${option} ${duration}`
  const proxy = throughProxy.exec(description)?.[1]
  if (proxy === undefined) {
    return limit
  }
  return `${limit}, through ${Redaction.hasPiece(proxy, sent) ? "a proxy" : `the proxy at ${proxy}`}`
}

// undici has no code for this, only its messages.
const ofUndici = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/

/** The status with which a proxy refused to connect to the host. */
const proxyStatusOf = (failure: unknown): number | undefined => {
  for (const error of CauseChain.of(failure)) {
    const said = ofUndici.exec(messageOf(error))
    if (said !== null) {
      return Number(said[1] ?? said[2])
    }
    if (
      Predicate.hasProperty(error, "code") &&
      error.code === "ERR_PROXY_TUNNEL" &&
      Predicate.hasProperty(error, "statusCode")
    ) {
      return typeof error.statusCode === "number" ? error.statusCode : undefined
    }
  }
  return undefined
}

const reasonOf = (failure: unknown, proxyStatus: number | undefined): NoAnswer["reason"] => {
  const code = codeOf(failure)
  if (code !== undefined && certificateError.test(code)) {
    return "certificate"
  }
  if (proxyStatus !== undefined) {
    return proxyStatus === 407 ? "proxy_authentication" : "proxy_refused"
  }
  const isMistake =
    isRefusedByPlatform(failure) ||
    (code === undefined
      ? Array.from(CauseChain.of(failure)).some((error) => setUpMessages.test(messageOf(error)))
      : setUpErrors.has(code) || ofKeys.test(code))
  return isMistake ? "http_client" : "transport"
}

/** Why a request to this URL got no answer, as far as the transport's failure says it, and as far as it may be shown. */
export const noAnswerOf = (failure: unknown, url: string, sent: Redaction.Sent): NoAnswer => {
  const status = proxyStatusOf(failure)
  const reason = reasonOf(failure, status)
  const code = codeOf(failure)
  // The words behind a code say no more than it, unless they name a setting or a time-out.
  const isTelling = code !== undefined && !Redaction.repeats(code, sent)
  const more = code === "ERR_INVALID_PROXY" ? invalidProxyIn(failure) : timeOutOf(failure, sent)
  const detail = isTelling ? [code, more].filter(Predicate.isNotUndefined).join(": ") : explain(failure, sent)
  const peer = Peer.of(failure, url, sent)
  return {
    reason,
    ...(detail === "" || status !== undefined ? {} : { detail }),
    ...(peer === undefined ? {} : { peer }),
    ...(status === undefined ? {} : { status })
  }
}

const userInfo = /\/\/[^\s/@]{1,200}@/g

/**
 * What a transport's failure says: the kind and the code of the error at its root, and its message as far as it may be
 * quoted (S2), or in its place the time-out with its name. Empty if that is nothing.
 */
export const explain = (failure: unknown, sent: Redaction.Sent): string => {
  const root = Array.from(CauseChain.of(isHttpClientError(failure) ? failure.cause : failure)).at(-1)
  const code = codeOf(failure)
  // A message with the code in it says no more than the code.
  const message = root instanceof Error && (code === undefined || !root.message.includes(code)) ? root.message : ""
  // The password of a proxy was not sent by this library, so it is not known here.
  const says = message.replace(userInfo, "//")
  const text = timeOutOf(failure, sent) ?? Redaction.quote(says, sent)
  const kinds = [kindOf(root), code].filter(
    (kind): kind is string => kind !== undefined && kind !== "Error" && !Redaction.repeats(kind, sent)
  )
  return [kinds.join(" "), Redaction.isNothing(text) ? "" : text].filter((part) => part !== "").join(": ")
}
