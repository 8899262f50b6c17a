/** What an app says about its client, and the check of it. */
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"

/**
 * Which proxies requests go through. Those to this machine (`localhost`, `*.localhost`, `127.0.0.0/8` and `[::1]`) go through
 * none.
 *
 * @since 0.1.0
 */
export interface ProxyOptions {
  /**
   * The proxy for `http://` URLs. Requests go to it in the form of RFC 9112 §3.2.2, because most proxies open tunnels to
   * port 443 alone. Its URL begins with `http://` or `https://`, and may hold a user and a password, percent-encoded.
   */
  readonly http?: string | Redacted.Redacted<string> | undefined
  /** The proxy for `https://` URLs, to which it opens tunnels (`CONNECT`). Default: the one for `http://` URLs, as in undici. */
  readonly https?: string | Redacted.Redacted<string> | undefined
  /**
   * What is asked directly, as in `NO_PROXY`, separated by commas or spaces: names, each with its subdomains, addresses, and
   * ranges such as `10.0.0.0/8`, each with a port if it is for that port alone; or `*` for all. An entry of another form
   * matches nothing, and is logged at level WARN.
   */
  readonly noProxy?: string | undefined
}

/**
 * Certificates and keys, each as PEM, and as text: bytes could as well be DER, which is not read here.
 *
 * @since 0.1.0
 */
export interface TlsOptions {
  /** Authorities that are trusted beside those that Node trusts, for hosts and for proxies. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** The client's own certificate, with its chain, for hosts that ask for one. Proxies don't get it. */
  readonly cert?: string | undefined
  /** The key of `cert`. */
  readonly key?: Redacted.Redacted<string> | undefined
  /** The passphrase of `key`. */
  readonly passphrase?: Redacted.Redacted<string> | undefined
}

/**
 * All options but the proxies.
 *
 * @since 0.1.0
 */
export interface ConnectionOptions {
  /** Certificates and keys. Default: what Node trusts, and no certificate of the client's own. */
  readonly tls?: TlsOptions | undefined
  /**
   * How long a connection may take to open, with TLS: at least a second, because undici's clock ticks twice a second. Through
   * a proxy, each step has this time for itself: the connection to the proxy, its tunnel, and TLS with the host. Default: 10
   * seconds, because a host that is there answers in one or two.
   */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /**
   * How long the headers of an answer may take after the request was sent, and how long a host may take nothing of a body
   * that is being sent: at least a second. Default: 60 seconds, because most gateways give up then. `Infinity` waits for
   * ever.
   */
  readonly headersTimeout?: Duration.DurationInput | undefined
  /**
   * How long an answer may be silent between two parts of its body: at least a second. A reader that is slow does not
   * count. Default: 60 seconds, because a connection that is dead says nothing. `Infinity` waits for ever, as for events
   * that seldom come.
   */
  readonly bodyTimeout?: Duration.DurationInput | undefined
  /**
   * How long a connection is kept without a request, unless the server names another time. 0 keeps none. Default: 4
   * seconds, because many servers, Node's among them, close one after 5.
   */
  readonly keepAliveTimeout?: Duration.DurationInput | undefined
  /**
   * How many connections each host gets at most. Further requests wait for one, without a time-out, also for that of an
   * answer that nobody reads. Default: `Infinity`, because a wait that nobody sees is worse than a connection; limit the
   * concurrency of the app.
   */
  readonly connections?: number | undefined
  /** The `User-Agent` of requests that have none. Default: `cxone-auth-undici`, because some gateways refuse requests without one. */
  readonly userAgent?: string | undefined
}

/**
 * The options of {@link layer}.
 *
 * @since 0.1.0
 */
export interface Options extends ConnectionOptions {
  /**
   * `"env"`: the proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name when the layer is built, each also in small
   * letters, which win. `"none"`: no proxy. Or the proxies themselves. Default: `"env"`.
   */
  readonly proxy?: "env" | "none" | ProxyOptions | undefined
}

/** The options with their defaults, and durations in the milliseconds of undici, where 0 is for ever. */
export interface Resolved {
  readonly proxy: "env" | "none" | ProxyOptions
  readonly tls: TlsOptions
  readonly connectTimeout: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
  readonly keepAliveTimeout: number
  readonly connections: number | null
  readonly userAgent: string
}

/** Says which option is wrong, and what was expected. */
export const refuse = (objection: string): never => {
  throw new TypeError(`UndiciHttpClient: ${objection}`)
}

const proxyNames = ["http", "https", "noProxy"]

const connectionNames = [
  "tls",
  "connectTimeout",
  "headersTimeout",
  "bodyTimeout",
  "keepAliveTimeout",
  "connections",
  "userAgent"
]

/** Plain JavaScript may pass anything. */
const recordOf = (
  input: unknown,
  place: string,
  names: ReadonlyArray<string>,
  prefix = ""
): { readonly [name: string]: unknown } => {
  const expected = `${place} must be an object with some of ${names.join(", ")}`
  if (!Predicate.isReadonlyRecord(input) || Redacted.isRedacted(input)) {
    return refuse(expected)
  }
  const unknown = Object.keys(input).find((name) => !names.includes(name))
  return unknown === undefined ? input : refuse(`there is no ${prefix}${unknown}: ${expected}`)
}

const check = (value: unknown, name: string, isRight: (value: unknown) => boolean, expected: string): void => {
  if (value !== undefined && !isRight(value)) {
    refuse(`${name} must be ${expected}`)
  }
}

const isText = (value: unknown) => typeof value === "string" && value !== ""
const isSecret = (value: unknown) => Redacted.isRedacted(value) && isText(Redacted.value(value))

// A timer of Node waits for at most 2^31 ms, 24.8 days.
const longest = Duration.days(20)

// undici's clock for these ticks twice a second. A shorter time-out would come after a second all the same.
const leastTimeOut = Duration.seconds(1)

const notNegative = (input: unknown): boolean => typeof input !== "number" || input >= 0

// `Duration.decode` turns negative numbers and NaN into zero.
const millis = (
  input: unknown,
  name: string,
  fallback: number,
  minimum: Duration.Duration,
  mayBeInfinite: boolean
): number => {
  const duration = Option.filter(Duration.decodeUnknown(input === undefined ? fallback : input), () =>
    notNegative(input)
  )
  if (mayBeInfinite && Option.exists(duration, (given) => !Duration.isFinite(given))) {
    return 0
  }
  return Option.match(Option.filter(duration, Duration.between({ minimum, maximum: longest })), {
    onNone: () =>
      refuse(
        `${name} must be a duration from ${Duration.format(minimum)} to 20d, such as "5 seconds"${mayBeInfinite ? ", or Infinity" : ""}`
      ),
    onSome: Duration.toMillis
  })
}

const isTextOrSecret = (value: unknown) => isText(value) || isSecret(value)

const checkProxy = (proxy: unknown): void => {
  if (proxy !== "env" && proxy !== "none") {
    const { http, https, noProxy } = recordOf(proxy, 'proxy, unless "env" or "none",', proxyNames, "proxy.")
    check(http, "proxy.http", isTextOrSecret, "a URL, which may be Redacted")
    check(https, "proxy.https", isTextOrSecret, "a URL, which may be Redacted")
    check(noProxy, "proxy.noProxy", Predicate.isString, "a list of hosts, separated by commas, as in NO_PROXY")
  }
}

const checkTls = (tls: unknown): void => {
  const { ca, cert, key, passphrase } = recordOf(tls, "tls", ["ca", "cert", "key", "passphrase"], "tls.")
  const isTextOrTexts = (given: unknown) =>
    isText(given) || (Arr.isArray(given) && given.length > 0 && given.every(isText))
  check(ca, "tls.ca", isTextOrTexts, "PEM as text, or a list of it")
  check(cert, "tls.cert", isText, "PEM as text")
  check(key, "tls.key", isSecret, "PEM as text, Redacted")
  check(passphrase, "tls.passphrase", isSecret, "Redacted")
  if ((cert === undefined) !== (key === undefined)) {
    refuse("tls.cert and tls.key must be given together")
  }
}

/**
 * Checks the options. `mayNameProxies` is false where they come from elsewhere. Throws a `TypeError` that shows no value,
 * because some are secrets.
 */
export const resolve = (options: Options = {}, mayNameProxies = true): Resolved => {
  const names = mayNameProxies ? ["proxy", ...connectionNames] : connectionNames
  const { bodyTimeout, connectTimeout, headersTimeout, keepAliveTimeout } = recordOf(options, "the options", names)
  const { connections, proxy = "env", tls = {}, userAgent = "cxone-auth-undici" } = options
  checkProxy(proxy)
  checkTls(tls)
  check(
    connections,
    "connections",
    (most) => most === Number.POSITIVE_INFINITY || (Number.isInteger(most) && Number(most) > 0),
    "a whole number from 1 on, or Infinity"
  )
  check(userAgent, "userAgent", (text) => isText(text) && /^[\x20-\x7e]+$/.test(String(text)), "printable ASCII")
  return {
    proxy,
    tls,
    connectTimeout: millis(connectTimeout, "connectTimeout", 10_000, leastTimeOut, false),
    headersTimeout: millis(headersTimeout, "headersTimeout", 60_000, leastTimeOut, true),
    bodyTimeout: millis(bodyTimeout, "bodyTimeout", 60_000, leastTimeOut, true),
    keepAliveTimeout: millis(keepAliveTimeout, "keepAliveTimeout", 4_000, Duration.zero, false),
    connections: connections === Number.POSITIVE_INFINITY ? null : (connections ?? null),
    userAgent
  }
}
