/**
 * An `HttpClient` for Node over undici.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Client from "./Client.js"
import * as Environment from "./Environment.js"
import { type ConnectionOptions, type Options, type Resolved, resolve } from "./Options.js"
import * as Proxies from "./Proxies.js"
import * as Tls from "./Tls.js"

export type { ConnectionOptions, Options, ProxyOptions, TlsOptions } from "./Options.js"

const serve = Effect.fnUntraced(function* (options: Resolved, contexts: Tls.Contexts, settings: Proxies.ProxySettings) {
  const { http, https, noProxy } = settings
  if (noProxy.idle.length > 0 && (http ?? https) !== undefined) {
    yield* Effect.logWarning(
      `${noProxy.setting} has entries that match no host, and keep none from the proxy: ${noProxy.idle.join(", ")}. ` +
        "An entry is a name, an address, or a range such as 10.0.0.0/8."
    )
  }
  const proxies = Proxies.make(options, contexts, settings)
  yield* Effect.addFinalizer(() => Effect.promise(proxies.destroy))
  return Client.make({ proxies, userAgent: options.userAgent, timeOuts: options }, yield* Effect.context<never>())
})

/**
 * An `HttpClient` with connections of its own. When the layer is closed, requests that still run fail, and every connection
 * ends. It throws a `TypeError` for options that are wrong, which names the option.
 *
 * With the default `proxy: "env"`, a malformed variable fails the requests that would use it; take {@link layerFromEnv} to
 * fail when the app starts.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { UndiciHttpClient } from "cxone-auth-undici"
 * import { Effect } from "effect"
 *
 * HttpClient.get("https://api.example/health").pipe(
 *   Effect.flatMap((response) => response.json),
 *   Effect.scoped,
 *   Effect.provide(UndiciHttpClient.layer({ headersTimeout: "20 seconds" })),
 *   Effect.runPromise
 * )
 * ```
 *
 * @since 0.1.0
 * @category Layers
 */
export const layer = (options?: Options): Layer.Layer<HttpClient.HttpClient> => {
  const resolved = resolve(options)
  const { proxy, tls } = resolved
  const contexts = Tls.contextsOf(tls)
  const settings =
    proxy === "env" ? Environment.ofProcess : Effect.succeed(Proxies.settingsOf(proxy === "none" ? {} : proxy))
  return Layer.scoped(
    HttpClient.HttpClient,
    Effect.flatMap(settings, (found) => serve(resolved, contexts, found))
  )
}

/**
 * {@link layer}, with proxies and authorities from the app's `ConfigProvider`: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`,
 * each also in small letters, which win, and `SSL_CERT_FILE`, a file of authorities that are trusted beside those that Node
 * trusts. It fails for a variable that is malformed, and for a file that can't be read. It logs at level DEBUG what it has
 * read, without credentials.
 *
 * @since 0.1.0
 * @category Layers
 */
export const layerFromEnv = (options?: ConnectionOptions): Layer.Layer<HttpClient.HttpClient, ConfigError> => {
  const resolved = resolve(options, false)
  const { tls } = resolved
  const contexts = Tls.contextsOf(tls)
  return Layer.scoped(
    HttpClient.HttpClient,
    Effect.flatMap(Environment.read, ({ ca, proxies }) =>
      serve(resolved, ca.length === 0 ? contexts : Tls.contextsOf({ ...tls, ca: [tls.ca ?? [], ca].flat() }), proxies)
    )
  )
}
