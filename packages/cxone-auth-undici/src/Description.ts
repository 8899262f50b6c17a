/** What a failure of undici or of Node says, in words. */
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import { InvalidProxy, type ProxyInBetween } from "./Proxies.js"
import { TunnelFailure } from "./Tunnel.js"

/** Where a request goes: the host of its URL, and the proxy in between, which may ask the host in our place. */
export interface Way {
  readonly host: string
  readonly proxy: ProxyInBetween | undefined
  readonly isForwarded: boolean
}

/** In milliseconds. */
export interface TimeOuts {
  readonly connectTimeout: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
}

const certificateError = /^(?:CERT_|CRL_|UNABLE_TO_|ERR_TLS_CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_)/

const tunnelRefused = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/

const field = (cause: object, name: string): string => {
  const value: unknown = Reflect.get(cause, name)
  return typeof value === "string" ? value : ""
}

/**
 * Names the option with its duration, or whom the connection led to. Nothing of a message or of a URL is repeated, but the
 * host and the code: the rest may hold credentials. `undefined` of what is not known.
 */
export const describe = (cause: unknown, { host, isForwarded, proxy }: Way, timeOuts: TimeOuts): string | undefined => {
  if (cause instanceof InvalidProxy || cause instanceof TunnelFailure) {
    return cause.message
  }
  if (!Predicate.isObject(cause)) {
    return undefined
  }
  const [code, message] = [field(cause, "code"), field(cause, "message")]
  const [next, far] =
    proxy === undefined ? [host, host] : [`the proxy at ${proxy.host}`, `${host} (through the proxy at ${proxy.host})`]
  const within = (name: keyof TimeOuts) => `${Duration.format(timeOuts[name])} (${name})`
  const refused = tunnelRefused.exec(message)
  if (refused !== null) {
    const status = refused[1] ?? refused[2]
    return status === "407"
      ? `${next} wants credentials, or refuses those that it got (407)`
      : `${next} did not connect to ${host} (it answered ${status})`
  }
  if (certificateError.test(code)) {
    const whose = isForwarded ? next : proxy?.hasCertificate ? `${host} or of ${next}` : far
    return `the certificate of ${whose} is not trusted (${code})`
  }
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
      return `no connection to ${far} within ${within("connectTimeout")}`
    case "UND_ERR_HEADERS_TIMEOUT":
      return `${far} sent no headers within ${within("headersTimeout")}`
    case "UND_ERR_BODY_TIMEOUT":
      return `${far} sent nothing more of the body within ${within("bodyTimeout")}`
    case "ECONNREFUSED":
      // A host behind a proxy is the proxy's to reach.
      return `${next} refused the connection (${code})`
    case "ENOTFOUND":
      return `${next} is not known to DNS (${code})`
    case "UND_ERR_SOCKET":
    case "ECONNRESET":
    case "EPIPE":
      return `the connection to ${far} broke off (${code})`
    case "UND_ERR_CLOSED":
    case "UND_ERR_DESTROYED":
      return `the client's layer is closed (${code})`
    default:
      // It seldom has a code.
      if (field(cause, "name") === "HTTPParserError") {
        return `${far} gave an answer that is not HTTP`
      }
      if (code.startsWith("Z_") || code.startsWith("ERR__ERROR_FORMAT")) {
        return `${host} sent a body that is not encoded as it says (${code})`
      }
      return code === "" ? undefined : `failed with ${code}`
  }
}
