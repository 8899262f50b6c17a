/** Which dispatcher a request goes through: directly to its host, or through a proxy. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Agent, type Dispatcher } from "undici"
import * as Connections from "./Connections.js"
import * as NoProxy from "./NoProxy.js"
import type { ProxyOptions, Resolved } from "./Options.js"
import { refuse } from "./Options.js"
import type { Contexts } from "./Tls.js"
import * as Tunnel from "./Tunnel.js"

/** The URL of a proxy, without the credentials in it. */
export interface Proxy {
  readonly origin: string
  /** The value of `Proxy-Authorization` (RFC 7617). */
  readonly authorization: Redacted.Redacted<string> | undefined
}

/** A setting that is no URL of a proxy. The requests that would use it fail, and say so. `cxone-auth` knows the code. */
export class InvalidProxy extends Error {
  override readonly name = "InvalidProxy"
  readonly code = "ERR_INVALID_PROXY"
  constructor(readonly setting: string) {
    super(`${setting} ${expectedOfProxy}`)
  }
}

/** Each as it was set, or what is wrong with it. */
export interface ProxySettings {
  readonly http: Proxy | InvalidProxy | undefined
  readonly https: Proxy | InvalidProxy | undefined
  readonly noProxy: NoProxy.NoProxy
}

/** What is expected of a proxy's URL. It shows nothing of what was given, which may be a password. */
export const expectedOfProxy = 'must be a URL such as "http://proxy.example:3128", with credentials percent-encoded'

const urlOf = Option.liftThrowable((text: string) => new URL(text))

const isOrigin = ({ hash, pathname, protocol, search }: URL): boolean =>
  (protocol === "http:" || protocol === "https:") && pathname === "/" && search === "" && hash === ""

const userPassOf = Option.liftThrowable(({ password, username }: URL) =>
  [username, password].map(decodeURIComponent).join(":")
)

const basic = (userPass: string) => Redacted.make(`Basic ${Buffer.from(userPass).toString("base64")}`)

/** Reads the URL of a proxy. */
export const parse = (value: Redacted.Redacted<string>, setting: string): Either.Either<Proxy, InvalidProxy> => {
  const url = Option.filter(urlOf(Redacted.value(value)), isOrigin)
  const proxy = Option.zipWith(url, Option.flatMap(url, userPassOf), ({ origin }, userPass) => ({
    origin,
    authorization: userPass === ":" ? undefined : basic(userPass)
  }))
  return Either.fromOption(proxy, () => new InvalidProxy(setting))
}

/** Reads the option `proxy`. Throws a `TypeError` for a URL that is none. */
export const settingsOf = ({ http, https, noProxy }: ProxyOptions): ProxySettings => {
  const read = (value: string | Redacted.Redacted<string> | undefined, name: string) =>
    value === undefined
      ? undefined
      : Either.getOrElse(parse(Redacted.isRedacted(value) ? value : Redacted.make(value), name), ({ message }) =>
          refuse(message)
        )
  return {
    http: read(http, "proxy.http"),
    https: read(https, "proxy.https"),
    noProxy: NoProxy.parse(noProxy ?? "", "proxy.noProxy")
  }
}

export interface ProxyInBetween {
  /** Its host and port. */
  readonly host: string
  readonly address: Tunnel.Address
  readonly hasCertificate: boolean
}

/** How the requests to one host are handed to undici. */
export interface Route {
  readonly dispatcher: Dispatcher
  readonly origin: string
  /** A `Host` of the request's own comes in place of this one. */
  readonly headers: { readonly [name: string]: string }
  /** What undici keeps connections apart by. It would take it from `Host`, and change the connection with it. */
  readonly servername: string
  readonly waitingAt: (origin: string) => Connections.Waiting
  /** The proxy in between. */
  readonly proxy?: ProxyInBetween
  /** Whether the proxy reads the requests: it is sent the whole URL, and the answer may be its own. */
  readonly isForwarded: boolean
}

export interface Proxies {
  /** Throws {@link InvalidProxy}. */
  readonly routeOf: (url: URL) => Route
  /** Ends all requests and connections. */
  readonly destroy: () => Promise<unknown>
}

/** The dispatchers of one layer. */
export const make = (options: Resolved, contexts: Contexts, settings: ProxySettings): Proxies => {
  const { bodyTimeout, connectTimeout, connections, headersTimeout, keepAliveTimeout } = options
  // undici refuses a keepAliveTimeout of 0. Without pipelining, it closes each connection.
  const kept = keepAliveTimeout === 0 ? { pipelining: 0 } : { keepAliveTimeout, pipelining: 1 }
  const requests = { bodyTimeout, connections, headersTimeout, ...kept }
  const toHosts = { timeout: connectTimeout, ...(contexts.hosts && { secureContext: contexts.hosts }) }
  const toProxies = { timeout: connectTimeout, ...(contexts.proxies && { secureContext: contexts.proxies }) }

  const [hosts, ofProxies] = [Connections.make(toHosts), Connections.make(toProxies)]
  const opened: Array<Dispatcher> = []
  const dispatching = (open: Connections.Open) => {
    const { connect, waitingAt } = Connections.heeding(open)
    const dispatcher = new Agent({ ...requests, connect })
    opened.push(dispatcher)
    return { dispatcher, waitingAt }
  }

  const over = (dispatching: Pick<Route, "dispatcher" | "proxy" | "waitingAt">) =>
    keepingLast((url) => ({
      ...dispatching,
      origin: url.origin,
      headers: {},
      servername: url.hostname,
      isForwarded: false
    }))
  const directly = over(dispatching(hosts.open))

  const inBetween = (url: URL): ProxyInBetween => ({
    host: url.host,
    address: Tunnel.addressOf(url),
    hasCertificate: url.protocol === "https:"
  })

  const forwarding = ({ authorization, origin }: Proxy) => {
    const dispatched = dispatching(ofProxies.open)
    const ofProxy = authorization === undefined ? {} : { "proxy-authorization": Redacted.value(authorization) }
    const at = new URL(origin)
    const proxy = inBetween(at)
    return keepingLast((url) => ({
      ...dispatched,
      proxy,
      origin,
      headers: { host: url.host, ...ofProxy },
      servername: at.hostname,
      isForwarded: true
    }))
  }

  const tunneling = ({ authorization, origin }: Proxy) => {
    const proxy = new URL(origin)
    const open = Tunnel.through({
      proxy,
      authorization,
      connectTimeout,
      openToHost: hosts.open,
      openToProxy: ofProxies.open
    })
    return over({ ...dispatching(open), proxy: inBetween(proxy) })
  }

  const through = (proxy: Proxy | InvalidProxy | undefined, way: (proxy: Proxy) => (url: URL) => Route) => {
    if (proxy instanceof InvalidProxy) {
      return () => {
        throw proxy
      }
    }
    return proxy === undefined ? directly : way(proxy)
  }

  const { http, https = http, noProxy } = settings
  const overHttp = through(http, forwarding)
  const overHttps = through(https, tunneling)
  return {
    routeOf: (url) => {
      const way = url.protocol === "https:" ? overHttps : overHttp
      return way === directly || noProxy.exempts(url) ? directly(url) : way(url)
    },
    destroy: () => {
      const ended = Promise.all(opened.map((dispatcher) => dispatcher.destroy()))
      hosts.destroy()
      ofProxies.destroy()
      return ended
    }
  }
}

/**
 * Keeps the last route, because most requests go to the host of the one before. To make a route for each request was a tenth
 * of its cost.
 */
const keepingLast = (make: (url: URL) => Route): ((url: URL) => Route) => {
  let last: { readonly protocol: string; readonly host: string; readonly route: Route } | undefined
  return (url) => {
    const { host, protocol } = url
    if (last === undefined || last.host !== host || last.protocol !== protocol) {
      last = { protocol, host, route: make(url) }
    }
    return last.route
  }
}
