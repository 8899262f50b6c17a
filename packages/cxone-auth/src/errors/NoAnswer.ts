/**
 * A request that got no answer: why, and what a person can do about it. The token endpoint, the documents of discovery and
 * the calls to the API share these words.
 */
import { bracketed } from "./Phrases.js"

export interface NoAnswer {
  readonly reason: (typeof reasons)[number]
  /** The transport's error code, perhaps with a setting or a time-out behind a colon. If there is no code, what it says. */
  readonly detail?: string
  /** What was looked up, connected to or asked for its certificate, if that is not the host of the URL. */
  readonly peer?: string
  /** The status with which a proxy refused the connection. */
  readonly status?: number
}

/**
 * Why there is no answer: the connection failed, it took too long, a certificate is not trusted, a proxy wants credentials
 * or refuses for another reason, or the app's `HttpClient` itself failed, most often before it sent anything.
 */
export const reasons = [
  "transport",
  "timeout",
  "certificate",
  "proxy_authentication",
  "proxy_refused",
  "http_client"
] as const

/** Whether a status says that another try may help (L7). */
export const isTransient = (status = 0): boolean => status === 408 || status === 429 || status >= 500

/** Whether another try may help. The rest fails again until somebody mends it (L7). */
export const mayPass = ({ reason, status }: { readonly reason: string; readonly status?: number }): boolean =>
  reason === "transport" || reason === "timeout" || (reason === "proxy_refused" && isTransient(status))

/** A URL may be any text where an error is decoded. */
const placeOf = (url: string): Pick<URL, "host" | "origin"> =>
  URL.canParse(url) ? new URL(url) : { host: "the host", origin: "the host" }

const unreached: ReadonlySet<string> = new Set([
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT"
])

/** A proxy that was reached opened no tunnel, and gave no status. */
const tunnelFailed = "ERR_PROXY_TUNNEL"

const invalidProxy = "ERR_INVALID_PROXY"

/** Which variable names the proxy, as far as it is known. */
const variableIn = (detail = ""): string => /\b(?:https?_proxy|HTTPS?_PROXY)\b/.exec(detail)?.[0] ?? "HTTPS_PROXY"

const brokenOff: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"])

/** undici's time-outs after it has connected: to the host, or to a proxy in between. */
const silences: ReadonlyMap<string, string> = new Map([
  ["UND_ERR_HEADERS_TIMEOUT", "no headers came from"],
  ["UND_ERR_BODY_TIMEOUT", "nothing more of the body came from"]
])

const throughProxy = /, through (?:the|a) proxy\b/

/** What undici says of requests after its end, also of those that it had sent. */
const closed: ReadonlySet<string> = new Set(["UND_ERR_CLOSED", "UND_ERR_DESTROYED"])

/** What else answers than TLS: a server or proxy for plain http. */
const notTls: ReadonlySet<string> = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"])

const aboutTime: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"])

const aboutNames: ReadonlySet<string> = new Set([
  "ERR_TLS_CERT_ALTNAME_FORMAT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "UND_ERR_PRX_TLS"
])

/** The error code in what is known of a failure. */
const codeIn = (detail = ""): string => /\b[A-Z][A-Z0-9_]{2,63}\b/.exec(detail)?.[0] ?? ""

/** Whether fetch refused to connect, because of the port (fetch standard, "port blocking"). */
const isBadPort = (detail = ""): boolean => detail.includes("bad port")

const refused = (code: string): string => {
  switch (code) {
    case "ECONNREFUSED":
      return "refused the connection"
    case "EAI_AGAIN":
      return "could not be looked up for now"
    case "ENOTFOUND":
      return "is not known to DNS"
    default:
      return "could not be reached"
  }
}

/** What happened to a request to this URL: a clause without its full stop. */
export const whatHappened = (url: string, { detail, peer, reason, status }: NoAnswer): string => {
  const { host, origin } = placeOf(url)
  const isPlain = origin.startsWith("http:")
  const code = codeIn(detail)
  const known = bracketed(detail)
  const proxy = `the proxy in between${bracketed(peer)}`
  switch (reason) {
    case "transport":
      if (code === tunnelFailed) {
        return `${proxy} opened no tunnel to ${host}${known}`
      }
      if (peer !== undefined) {
        return `${peer}, which is not ${host}, ${refused(code)}${known}: is that a proxy?`
      }
      if (notTls.has(code)) {
        return `what answers for ${host} does not speak TLS${known}`
      }
      if (/HTTPParserError|^HPE_/.test(detail ?? "")) {
        return `what answers for ${host} does not speak HTTP (${code.startsWith("HPE_") ? code : "HTTPParserError"})`
      }
      if (code.startsWith("Z_")) {
        return `the body that ${origin} sent is not encoded as it says${known}`
      }
      if (brokenOff.has(code)) {
        return `the connection to ${origin} broke off${known}${isPlain ? ": does that port expect https?" : ""}`
      }
      if (silences.has(code)) {
        return `${silences.get(code)} ${origin} in time${known}`
      }
      return unreached.has(code) ? `${origin} could not be reached${known}` : `the request to ${origin} failed${known}`
    case "timeout":
      return `no complete answer in ${detail ?? "time"} (attemptTimeout)`
    case "certificate":
      return `the certificate of ${peer ?? host} is not trusted${known}`
    case "proxy_authentication":
      return `${proxy} wants credentials, or refuses those that it got (407)`
    case "proxy_refused":
      return `${proxy} did not connect to ${host} (it answered ${status})`
    case "http_client":
      if (code === invalidProxy) {
        return `the HttpClient did not send the request: ${variableIn(detail)} is not the URL of a proxy (${code})`
      }
      if (closed.has(code)) {
        return `the HttpClient was closed before there was an answer (${code})`
      }
      return code === "" && !isBadPort(detail)
        ? `the HttpClient itself failed${known}`
        : `the HttpClient did not send the request${known}`
  }
}

const proxySettings = "HTTPS_PROXY, or the dispatcher or agent of the HttpClient"

/** What to do about it: sentences. `settings` says where the URL of the request comes from. */
export const whatToDo = ({ detail, peer, reason, status }: NoAnswer, settings: string): string => {
  const code = codeIn(detail)
  switch (reason) {
    case "transport":
      if (code === tunnelFailed) {
        return `Nothing was sent. Ask whoever runs the proxy, check where its address is set (${proxySettings}), or try again later.`
      }
      if (peer !== undefined) {
        return `If so, check that it runs, and where its address is set (${proxySettings}). If not, check whether the HttpClient changes URLs.`
      }
      if (code.endsWith("_CERTIFICATE_REQUIRED")) {
        return "The host wants a certificate of the client: give one to the HttpClient (cert and key of its agent or dispatcher)."
      }
      if (/ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/.test(code)) {
        return "The host has no version of TLS in common with this process. Whoever runs it must allow TLS 1.2 or 1.3."
      }
      if (code === "ECONNREFUSED") {
        return `Nothing listens there now, or a firewall refuses it: check ${settings}, or try again later. ${mustUseProxy}`
      }
      if (notTls.has(code)) {
        return `If it is a proxy, its own URL begins with http://, not with https:// (${proxySettings}). If not, check ${settings}.`
      }
      if (silences.has(code)) {
        return "Check the proxy or firewall in between, or try again later. If the host needs longer, let the HttpClient wait longer (headersTimeout, bodyTimeout)."
      }
      return (
        `Check ${settings}, DNS, and the proxy or firewall in between, or try again later.` +
        (throughProxy.test(detail ?? "") ? "" : ` ${mustUseProxy}`)
      )
    case "timeout":
      return `Check ${settings}, and the proxy or firewall in between, or try again later. ${mustUseProxy}`
    case "certificate":
      return `Nothing was sent. ${certificateCure(code, settings)}`
    case "proxy_authentication":
      return `Set them where the HttpClient has the proxy's address (${proxySettings}).`
    case "proxy_refused":
      return isTransient(status)
        ? "Nothing was sent. Ask whoever runs the proxy, or try again later."
        : `Nothing was sent. Ask whoever runs the proxy to allow the host, or let the HttpClient go without it (${proxySettings}).`
    case "http_client":
      if (code === invalidProxy) {
        return `Set ${variableIn(detail)} to a URL such as http://proxy.example:3128, with credentials percent-encoded, or to nothing.`
      }
      if (closed.has(code)) {
        return "Its layer or its dispatcher has ended. Whether the request was sent is not known. Keep it open for as long as the program makes calls."
      }
      return isBadPort(detail)
        ? `fetch refuses this port: check the port in ${settings}.`
        : `That is no failure of the network.${code === "" ? " Whether the request was sent is not known." : ""} Check how the HttpClient is set up (dispatcher or agent, headers), and ${settings}.`
  }
}

/** What happened, and what to do about it. */
export const asSentences = (url: string, noAnswer: NoAnswer, settings: string): string => {
  const happened = whatHappened(url, noAnswer)
  return `${happened}${happened.endsWith("?") ? "" : "."} ${whatToDo(noAnswer, settings)}`
}

const mustUseProxy = "If a proxy must be used, tell the HttpClient: it may ignore HTTPS_PROXY."

const certificateCure = (code: string, settings: string): string => {
  if (aboutTime.has(code)) {
    return (
      `The certificate ${code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet"}. If this machine's clock is right, ` +
      "whoever runs the host, or a proxy in between that signs connections anew, must replace it. " +
      "NODE_EXTRA_CA_CERTS does not help."
    )
  }
  if (aboutNames.has(code)) {
    return (
      `The certificate is for another host. Check ${settings}, DNS, and what answers in the place of the host. ` +
      "NODE_EXTRA_CA_CERTS does not help."
    )
  }
  return (
    "If a proxy in between signs connections anew, or the host has an authority of its own, make that authority known " +
    "to Node (NODE_EXTRA_CA_CERTS) or to the HttpClient (ca). Otherwise something else answers in the place of the host."
  )
}
