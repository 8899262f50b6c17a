/** The environment variables that say how to reach the world. */
import { readFileSync } from "node:fs"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Proxies from "./Proxies.js"
import { isCertificate } from "./Tls.js"

/** In small letters first, as in curl and undici. An empty one counts as one that is not set, as in undici. */
const spellings = {
  http: ["http_proxy", "HTTP_PROXY"],
  https: ["https_proxy", "HTTPS_PROXY"],
  noProxy: ["no_proxy", "NO_PROXY"]
} as const

const ofValue = (value: Redacted.Redacted<string>, name: string) =>
  Redacted.value(value) === "" ? undefined : Proxies.parse(value, name)

/** Reads them from the process. A malformed one fails the requests that would use it. */
export const ofProcess = (env: NodeJS.ProcessEnv): Proxies.ProxySettings => {
  const read = (names: ReadonlyArray<string>) => {
    const name = names.find((name) => env[name] !== undefined)
    const proxy = name === undefined ? undefined : ofValue(Redacted.make(env[name] ?? ""), name)
    return proxy === undefined ? undefined : Either.merge(proxy)
  }
  const noProxy = spellings.noProxy.map((name) => env[name]).find((value) => value !== undefined)
  return { http: read(spellings.http), https: read(spellings.https), noProxy: noProxy ?? "" }
}

/** The name and the value of the first variable that is set. */
const first = ([small, large]: readonly [string, string]) => {
  const named = (name: string) => Config.map(Config.redacted(name), (value) => ({ name, value }))
  return Config.option(Config.orElse(named(small), () => named(large)))
}

const proxyOf = Effect.fnUntraced(function* (names: readonly [string, string]) {
  const found = yield* first(names)
  const proxy = Option.isNone(found) ? undefined : ofValue(found.value.value, found.value.name)
  if (Option.isSome(found) && proxy !== undefined && Either.isLeft(proxy)) {
    return yield* Effect.fail(ConfigError.InvalidData([found.value.name], Proxies.expectedOfProxy))
  }
  return proxy && Either.getOrThrow(proxy)
})

const authoritiesVariable = "SSL_CERT_FILE"

const authorities = Effect.gen(function* () {
  const path = yield* Config.option(Config.nonEmptyString(authoritiesVariable))
  if (Option.isNone(path)) {
    return []
  }
  const invalid = (objection: string) => ConfigError.InvalidData([authoritiesVariable], `${path.value} ${objection}`)
  const pem = yield* Effect.try({
    try: () => readFileSync(path.value, "utf8"),
    catch: (cause) => invalid(`can't be read (${Predicate.hasProperty(cause, "code") ? cause.code : cause})`)
  }).pipe(Effect.filterOrFail(isCertificate, () => invalid("does not begin with a certificate as PEM")))
  return [pem]
})

/** Reads them through `Config`. A malformed one is a `ConfigError`, which names it, and shows no value but a path. */
export const read = Effect.gen(function* () {
  const http = yield* proxyOf(spellings.http)
  const https = yield* proxyOf(spellings.https)
  const list = yield* first(spellings.noProxy)
  const noProxy = Option.match(list, { onNone: () => "", onSome: ({ value }) => Redacted.value(value) })
  const ca = yield* authorities
  yield* Effect.logDebug("The HttpClient has read the environment.").pipe(
    Effect.annotateLogs({
      httpProxy: http?.origin ?? "none",
      httpsProxy: (https ?? http)?.origin ?? "none",
      noProxy,
      [authoritiesVariable]: ca.length > 0
    })
  )
  const proxies: Proxies.ProxySettings = { http, https, noProxy }
  return { proxies, ca }
})
