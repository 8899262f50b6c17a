/** The environment variables that say how to reach the world. */
import { readFileSync } from "node:fs"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as NoProxy from "./NoProxy.js"
import * as Proxies from "./Proxies.js"
import { certificatesOf } from "./Tls.js"

interface Found {
  readonly name: string
  readonly value: Redacted.Redacted<string>
}

/** A variable under the name that counts. An empty one is not set. Of the others, small letters win, as in curl and undici. */
const variable = (small: string): Config.Config<Found> => {
  const named = (name: string) => Config.map(Config.redacted(Config.nonEmptyString(name)), (value) => ({ name, value }))
  const large = small.toUpperCase()
  return Config.withDefault(
    Config.orElse(named(small), () => named(large)),
    { name: large, value: Redacted.make("") }
  )
}

const proxyOf = ({ name, value }: Found): Proxies.Proxy | Proxies.InvalidProxy | undefined =>
  Redacted.value(value) === "" ? undefined : Either.merge(Proxies.parse(value, name))

const settings: Config.Config<Proxies.ProxySettings> = Config.all({
  http: Config.map(variable("http_proxy"), proxyOf),
  https: Config.map(variable("https_proxy"), proxyOf),
  noProxy: Config.map(variable("no_proxy"), ({ name, value }) => NoProxy.parse(Redacted.value(value), name))
})

/** The proxies that the process' own variables name. A malformed variable fails the requests that would use it. */
export const ofProcess: Effect.Effect<Proxies.ProxySettings> = Effect.suspend(() =>
  // Each may be missing, and any text is read.
  Effect.orDie(ConfigProvider.fromEnv().load(settings))
)

const valid = (proxy: Proxies.Proxy | Proxies.InvalidProxy | undefined) =>
  proxy instanceof Proxies.InvalidProxy
    ? Effect.fail(ConfigError.InvalidData([proxy.setting], Proxies.expectedOfProxy))
    : Effect.succeed(proxy)

const authoritiesVariable = "SSL_CERT_FILE"

const authorities = Effect.gen(function* () {
  const path = yield* Config.option(Config.nonEmptyString(authoritiesVariable))
  if (Option.isNone(path)) {
    return []
  }
  const refused = (why: string) => ConfigError.InvalidData([authoritiesVariable], `${path.value} ${why}`)
  const bundle = yield* Effect.try({
    try: () => readFileSync(path.value, "utf8"),
    catch: (cause) => refused(`can't be read (${Predicate.hasProperty(cause, "code") ? cause.code : cause})`)
  })
  return yield* Effect.mapError(certificatesOf(bundle), (why) => refused(`must be certificates as PEM: ${why}`))
})

/** What the variables of the app's `ConfigProvider` name. A malformed one is a `ConfigError`, which shows no value but a path. */
export const read = Effect.gen(function* () {
  const proxies = yield* settings
  const http = yield* valid(proxies.http)
  const https = yield* valid(proxies.https)
  const ca = yield* authorities
  yield* Effect.logDebug("The HttpClient has read the environment.").pipe(
    Effect.annotateLogs({
      httpProxy: http?.origin ?? "none",
      httpsProxy: (https ?? http)?.origin ?? "none",
      noProxy: proxies.noProxy.shown,
      [authoritiesVariable]: ca.length > 0
    })
  )
  return { proxies, ca }
})
