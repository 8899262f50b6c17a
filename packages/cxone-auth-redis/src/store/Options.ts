/** What an app says of its Redis, by options or by settings. */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"

/**
 * How a store connects to Redis or Valkey.
 *
 * @since 0.1.0
 * @category models
 */
export interface RedisTokenStoreOptions {
  /**
   * `redis://host:6379`, or `rediss://` for TLS. It may hold a user, a password and the number of a database:
   * `redis://user:password@host:6379/0`, percent-encoded.
   */
  readonly url: string | Redacted.Redacted<string>
  /** The user, in place of one in the URL. */
  readonly username?: string | undefined
  /** The password, in place of one in the URL. */
  readonly password?: Redacted.Redacted<string> | undefined
  /** What the names of all keys and channels begin with. Default: `cxone-auth`. */
  readonly prefix?: string | undefined
}

/**
 * How a store uses a client of the app.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  /** What the names of all keys and channels begin with. Default: `cxone-auth`. */
  readonly prefix?: string | undefined
}

/** Where to connect to. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: Redacted.Redacted<string> | undefined
  readonly database: number
}

export interface Resolved {
  readonly address: Address
  readonly prefix: string
}

const defaultPrefix = "cxone-auth"
const defaultPort = 6379

const expectedOfUrl = "must be a URL such as redis://host:6379, or rediss://host:6379 for TLS"
const expectedOfPrefix = "must be a text without spaces and braces"

// Braces would move the hash tag, which keeps the keys of a name together in a cluster.
const isPrefix = (value: unknown): value is string => Predicate.isString(value) && /^[^\s{}]+$/.test(value)

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The address in a URL. No client parses it, because their errors repeat it. */
const parse = (text: string): Option.Option<Address> => {
  if (!URL.canParse(text)) {
    return Option.none()
  }
  const url = new URL(text)
  const [username, password] = [decoded(url.username), decoded(url.password)]
  const isKnown = url.protocol === "redis:" || url.protocol === "rediss:"
  if (!isKnown || url.hostname === "" || !/^\/?\d{0,4}$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    return Option.none()
  }
  return username === undefined || password === undefined
    ? Option.none()
    : Option.some({
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port === "" ? defaultPort : Number(url.port),
        isTls: url.protocol === "rediss:",
        username: username === "" ? undefined : username,
        password: password === "" ? undefined : Redacted.make(password),
        database: Number(url.pathname.slice(1))
      })
}

/** Throws. Plain JavaScript may pass anything, and no message shows what. */
export const refuse = (objection: string): never => {
  throw new TypeError(`RedisTokenStore: ${objection}`)
}

const expectedOfUsername = "must be a text that is not empty, and needs a password"

export const prefixOf = (options: ClientOptions = {}): string => {
  if (!Predicate.isRecord(options)) {
    return refuse("expected an object with prefix")
  }
  const { prefix = defaultPrefix } = options
  return isPrefix(prefix) ? prefix : refuse(`prefix ${expectedOfPrefix}`)
}

/** Checks the options. Throws a `TypeError` that shows no value, because some are secrets. */
export const resolve = (options: RedisTokenStoreOptions): Resolved => {
  if (!Predicate.isRecord(options)) {
    return refuse("expected an object with url")
  }
  const { password, username }: { readonly password?: unknown; readonly username?: unknown } = options
  if (password !== undefined && !(Redacted.isRedacted(password) && Predicate.isString(Redacted.value(password)))) {
    return refuse("password must be made by Redacted.make")
  }
  if (username !== undefined && (!Predicate.isString(username) || username === "")) {
    return refuse(`username ${expectedOfUsername}`)
  }
  const text: unknown = Redacted.isRedacted(options.url) ? Redacted.value(options.url) : options.url
  const address = Option.filter(Option.some(text), Predicate.isString).pipe(Option.flatMap(parse))
  return {
    address: Option.match(address, {
      onNone: () => refuse(`url ${expectedOfUrl}`),
      onSome: (found) => {
        const address = withUser(found, options.username, options.password)
        return lacksPassword(address) ? refuse(`username ${expectedOfUsername}`) : address
      }
    }),
    prefix: prefixOf(options)
  }
}

const withUser = (
  address: Address,
  username: string | undefined,
  password: Redacted.Redacted<string> | undefined
): Address => ({ ...address, username: username ?? address.username, password: password ?? address.password })

/** Without a password, one client ignores the user, and the other is refused. */
const lacksPassword = ({ password, username }: Address): boolean => username !== undefined && password === undefined

/** A setting that is set but empty counts as not set. */
const text = (name: string, description: string) =>
  Config.redacted(name).pipe(
    Config.map((value) => Redacted.value(value).trim()),
    Config.mapOrFail((value) =>
      value === ""
        ? Either.left(ConfigError.MissingData([], `Expected ${name} to be not empty`))
        : Either.right(Redacted.make(value))
    ),
    Config.withDescription(description)
  )

const optional = Config.withDefault(undefined)

/** The settings. No error repeats a value. */
export const config: Config.Config<Resolved> = Config.all({
  address: Config.mapOrFail(
    text("CXONE_REDIS_URL", "where Redis is: redis://host:6379, or rediss://host:6379 for TLS"),
    (url) =>
      Either.fromOption(parse(Redacted.value(url)), () =>
        ConfigError.InvalidData(["CXONE_REDIS_URL"], `CXONE_REDIS_URL ${expectedOfUrl}`)
      )
  ),
  username: optional(text("CXONE_REDIS_USERNAME", "the user, in place of one in the URL")),
  password: optional(text("CXONE_REDIS_PASSWORD", "the password, in place of one in the URL")),
  prefix: Config.mapOrFail(
    Config.withDefault(
      text("CXONE_REDIS_PREFIX", `what the names of all keys begin with; default ${defaultPrefix}`),
      Redacted.make(defaultPrefix)
    ),
    (prefix) =>
      isPrefix(Redacted.value(prefix))
        ? Either.right(Redacted.value(prefix))
        : Either.left(ConfigError.InvalidData(["CXONE_REDIS_PREFIX"], `CXONE_REDIS_PREFIX ${expectedOfPrefix}`))
  )
}).pipe(
  Config.mapOrFail(({ address: found, password, prefix, username }) => {
    const address = withUser(found, username && Redacted.value(username), password)
    return lacksPassword(address)
      ? Either.left(
          ConfigError.InvalidData(["CXONE_REDIS_USERNAME"], "CXONE_REDIS_USERNAME needs CXONE_REDIS_PASSWORD, too")
        )
      : Either.right({ address, prefix })
  })
)
