/** Connections to hosts through a proxy (`CONNECT`, RFC 9110 §9.3.6). */
import * as Http from "node:http"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { type buildConnector, errors } from "undici"
import type { Attempt, Open } from "./Connections.js"

/** Whom a failure is about, as Node's own failures name it. `cxone-auth` reads these. */
export interface Address {
  readonly hostname: string
  readonly port: number
}

export const addressOf = ({ hostname, port, protocol }: URL): Address => ({
  hostname: hostname.replace(/^\[|\]$/g, ""),
  port: Number(port || (protocol === "https:" ? 443 : 80))
})

/** A proxy took the connection, and then opened no tunnel. `cxone-auth` knows the code. */
export class TunnelFailure extends Error {
  override readonly name = "TunnelFailure"
  /** As Node names a tunnel that was not opened. */
  readonly code = "ERR_PROXY_TUNNEL"
  constructor(proxy: URL, what: string) {
    super(`the proxy at ${proxy.host} ${what}`)
    Object.assign(this, addressOf(proxy))
  }
}

export interface Options {
  /** Without credentials. */
  readonly proxy: URL
  /** The value of `Proxy-Authorization`. */
  readonly authorization: Redacted.Redacted<string> | undefined
  /** In milliseconds. Each step has it for itself. */
  readonly connectTimeout: number
  readonly openToProxy: Open
  readonly openToHost: Open
}

const brokenOff = new Set(["ECONNRESET", "EPIPE"])

/** Names the proxy, without its own words, which may repeat the credentials that it got. */
const failureOf = (error: Error, proxy: URL): Error => {
  const code = Predicate.hasProperty(error, "code") ? String(error.code) : ""
  if (brokenOff.has(code)) {
    return new TunnelFailure(proxy, `broke the connection off, and opened no tunnel (${code})`)
  }
  return code.startsWith("HPE_")
    ? new TunnelFailure(proxy, `gave an answer to CONNECT that is not HTTP (${code})`)
    : error
}

/**
 * Opens tunnels, where undici's `ProxyAgent` would not: to a proxy that ends the connection in place of an answer it connects
 * anew for ever, because its client takes the failure (`UND_ERR_SOCKET`) for one of an idle connection.
 */
export const through = ({ authorization, connectTimeout, openToHost, openToProxy, proxy }: Options): Open => {
  const headers = authorization === undefined ? {} : { "proxy-authorization": Redacted.value(authorization) }
  const toProxy = {
    host: proxy.host,
    // As the connector of undici takes an IPv6 address.
    hostname: proxy.hostname.replace(/^\[|\]$/g, ""),
    protocol: proxy.protocol,
    port: proxy.port
  }

  return (target, callback) => {
    const authority = target.port === "" ? `${target.host}:443` : `${target.host}`
    const ask = (connection: NonNullable<Parameters<buildConnector.Callback>[1]>): Attempt => {
      let isOver = false
      const request = Http.request({
        method: "CONNECT",
        path: authority,
        headers: { host: authority, "proxy-connection": "keep-alive", ...headers },
        createConnection: () => connection
      })
      const late = () =>
        request.destroy(
          new TunnelFailure(proxy, `opened no tunnel within ${Duration.format(connectTimeout)} (connectTimeout)`)
        )
      // biome-ignore lint/plugin: in real time, as undici's time-outs are
      const clock = setTimeout(late, connectTimeout)
      request.on("error", (error) => {
        clearTimeout(clock)
        if (!isOver) {
          isOver = true
          callback(failureOf(error, proxy), null)
        }
      })
      request.once("connect", ({ statusCode = 0 }, _, early) => {
        clearTimeout(clock)
        isOver = true
        if (statusCode < 200 || statusCode > 299) {
          connection.destroy()
          // In the words of undici, which `cxone-auth` knows.
          const refusal = new errors.RequestAbortedError(`Proxy response (${statusCode}) !== 200 when HTTP Tunneling`)
          callback(Object.assign(refusal, addressOf(proxy)), null)
          return
        }
        if (early.length > 0) {
          connection.unshift(early)
        }
        step = openToHost({ ...target, httpSocket: connection }, callback)
      })
      request.end()
      return request
    }

    let step = openToProxy(toProxy, (...outcome) => {
      if (outcome[0] === null) {
        step = ask(outcome[1])
      } else {
        callback(failureOf(outcome[0], proxy), null)
      }
    })
    return { destroy: (reason) => step.destroy(reason) }
  }
}
