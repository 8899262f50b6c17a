/** Which dispatcher a request goes through: directly to its host, or through a proxy. */
import type { Socket } from "node:net"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Agent, buildConnector, type Dispatcher, errors, Pool, ProxyAgent } from "undici"
import * as NoProxy from "./NoProxy.js"
import type { ProxyOptions, Resolved } from "./Options.js"
import { refuse } from "./Options.js"
import type { Contexts } from "./Tls.js"

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

/** A proxy took the connection, and then opened no tunnel. */
export class TunnelTimeout extends Error {
  override readonly name = "TunnelTimeout"
  /** As Node names a tunnel that was not opened. */
  readonly code = "ERR_PROXY_TUNNEL"
  readonly hostname: string
  readonly port: number
  constructor({ host, hostname, port, protocol }: URL, connectTimeout: number) {
    super(`the proxy at ${host} opened no tunnel within ${Duration.format(connectTimeout)} (connectTimeout)`)
    this.hostname = hostname
    this.port = Number(port || (protocol === "https:" ? 443 : 80))
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

/** How a request is handed to undici. */
export interface Route {
  readonly dispatcher: Dispatcher
  readonly origin: string
  readonly path: string
  /** A `Host` of the request's own comes in place of this one. */
  readonly headers: { readonly [name: string]: string }
  /** Whose certificate the connection asks for, if not the request's host: undici takes the name from `Host`. */
  readonly servername?: string
  /** The host and the port of the proxy in between. */
  readonly proxy?: string
  /** Whether the answer may be the proxy's own. */
  readonly isForwarded: boolean
}

export interface Proxies {
  /** Throws {@link InvalidProxy}. */
  readonly routeOf: (url: URL) => Route
  /** Ends all requests and connections. */
  readonly destroy: () => Promise<unknown>
}

/**
 * Opens connections, and ends them with the layer: undici leaves those that are not open yet, and a tunnel whose TLS is not,
 * to their time-out, and until then the process does not end.
 */
const makeConnector = (options: buildConnector.BuildOptions) => {
  const open = new Set<Socket>()
  const connect = buildConnector(options)
  return {
    connect: (target: buildConnector.Options, callback: buildConnector.Callback) => {
      // It returns the socket, which its type does not say.
      const socket = connect(target, callback) as unknown as Socket
      open.add(socket)
      socket.once("close", () => open.delete(socket))
    },
    destroy: () => {
      for (const socket of open) {
        socket.destroy()
      }
    }
  }
}

/** To open a tunnel is a part of connecting. undici would take a silent proxy for a host that sends no headers. */
const openingTunnels = (pool: Pool, proxy: URL, connectTimeout: number) => {
  const connect = pool.connect.bind(pool)
  return Object.assign(pool, {
    connect: (options: Dispatcher.ConnectOptions) =>
      connect(options).catch((cause: unknown) => {
        throw cause instanceof errors.HeadersTimeoutError ? new TunnelTimeout(proxy, connectTimeout) : cause
      })
  })
}

/** The dispatchers of one layer. */
export const make = (options: Resolved, contexts: Contexts, settings: ProxySettings): Proxies => {
  const { bodyTimeout, connectTimeout, connections, headersTimeout, keepAliveTimeout } = options
  // undici refuses a keepAliveTimeout of 0. Without pipelining, it closes each connection.
  const kept = keepAliveTimeout === 0 ? { pipelining: 0 } : { keepAliveTimeout, pipelining: 1 }
  const requests = { bodyTimeout, connections, headersTimeout, ...kept }
  const toHosts = { timeout: connectTimeout, ...(contexts.hosts && { secureContext: contexts.hosts }) }
  const toProxies = { timeout: connectTimeout, ...(contexts.proxies && { secureContext: contexts.proxies }) }

  const [hosts, ofProxies] = [makeConnector(toHosts), makeConnector(toProxies)]
  const direct = new Agent({ ...requests, connect: hosts.connect })
  const opened: Array<Dispatcher> = [direct]
  const open = <D extends Dispatcher>(dispatcher: D): D => {
    opened.push(dispatcher)
    return dispatcher
  }

  const directly = (url: URL): Route => ({
    dispatcher: direct,
    origin: url.origin,
    path: pathOf(url),
    headers: {},
    isForwarded: false
  })

  const forwarding = ({ authorization, origin }: Proxy) => {
    const dispatcher = open(new Agent({ ...requests, connect: ofProxies.connect }))
    const ofProxy = authorization === undefined ? {} : { "proxy-authorization": Redacted.value(authorization) }
    const { host: proxy, hostname: servername } = new URL(origin)
    return (url: URL): Route => ({
      dispatcher,
      proxy,
      origin,
      path: url.origin + pathOf(url),
      headers: { host: url.host, ...ofProxy },
      servername,
      isForwarded: true
    })
  }

  const tunneling = ({ authorization, origin }: Proxy) => {
    const dispatcher = open(
      new ProxyAgent({
        ...requests,
        uri: origin,
        ...(authorization && { token: Redacted.value(authorization) }),
        requestTls: toHosts,
        proxyTls: toProxies,
        clientFactory: (to) =>
          openingTunnels(
            new Pool(to, { connect: ofProxies.connect, headersTimeout: connectTimeout }),
            to,
            connectTimeout
          )
      })
    )
    const { host: proxy } = new URL(origin)
    return (url: URL): Route => ({ ...directly(url), dispatcher, proxy })
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

const pathOf = ({ pathname, search }: URL): string => pathname + search
