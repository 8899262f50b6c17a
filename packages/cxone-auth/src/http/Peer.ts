/**
 * What a request met in place of the host of its URL: most likely a proxy. Nothing is guessed. A failure says so, or it
 * doesn't.
 */
import * as Predicate from "effect/Predicate"
import * as CauseChain from "./CauseChain.js"
import * as Redaction from "./Redaction.js"

/** A host, and a port if it is known. */
interface Peer {
  readonly host: string
  readonly port?: number
}

const address = /^(?:[\d.]{7,15}|[\da-fA-F.]*:[\da-fA-F:.]+)$/
const hostName = /^[\w.-]{1,253}$/

// Node names the proxy without its user name and password.
const tunnelOfNode = / via https?:\/\/([\w.-]{1,253}):(\d{1,5})\/:/

/** What an error of Node names: what it looked up, what it connected to, or whose certificate it asked for. */
const namedBy = (error: object): Peer | undefined => {
  const { address: connectedTo, code, host, hostname, message, port }: Partial<Record<string, unknown>> = error
  if (typeof hostname === "string" && (hostName.test(hostname) || address.test(hostname))) {
    return { host: hostname, ...(typeof port === "number" ? { port } : {}) }
  }
  if (typeof connectedTo === "string" && address.test(connectedTo) && typeof port === "number") {
    return { host: connectedTo, port }
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" && typeof host === "string") {
    return hostName.test(host) || address.test(host) ? { host } : undefined
  }
  const [, proxy, proxyPort] = (code === "ERR_PROXY_TUNNEL" && tunnelOfNode.exec(String(message))) || []
  return proxy === undefined ? undefined : { host: proxy, port: Number(proxyPort) }
}

const nameOf = ({ host, port }: Peer): string => {
  const name = host.includes(":") ? `[${host}]` : host
  return port === undefined ? name : `${name}:${port}`
}

const portOf = ({ port, protocol }: URL): number => (port === "" ? (protocol === "https:" ? 443 : 80) : Number(port))

/** Whether this is not where the URL leads. Which addresses a name has is not known, so for a name only the port tells. */
const isElsewhere = ({ host, port }: Peer, url: URL): boolean => {
  const target = url.hostname.replace(/^\[|\]$/g, "")
  const isComparable = address.test(target) || !address.test(host)
  return (port !== undefined && port !== portOf(url)) || (isComparable && host.toLowerCase() !== target)
}

/** The error itself, or if several addresses were tried, one for each. */
const each = (error: object): ReadonlyArray<object> =>
  error instanceof AggregateError ? error.errors.filter(Predicate.isObject) : [error]

/** What was looked up or connected to, if that is not the host of the URL. Nothing that was sent is shown (S1). */
export const of = (failure: unknown, url: string, sent: Redaction.Sent): string | undefined => {
  if (!URL.canParse(url)) {
    return undefined
  }
  const target = new URL(url)
  return Array.from(CauseChain.of(failure))
    .flatMap(each)
    .map(namedBy)
    .filter(Predicate.isNotUndefined)
    .filter((peer) => isElsewhere(peer, target))
    .map(nameOf)
    .find((name) => !Redaction.hasPiece(name, sent))
}
