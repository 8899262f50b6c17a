/**
 * URLs that secrets and tokens may travel to.
 */
import * as Either from "effect/Either"

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether a secret may travel there: by https, or by plain http to this machine (C1, S3). The URL parser has turned every
 * spelling of an IPv4 address into the dotted one.
 */
export const isConfidential = (url: URL): boolean =>
  url.protocol === "https:" || (url.protocol === "http:" && loopbackHost.test(url.hostname))

/** Whether the URL has a user name or password, which could disguise the host and would end up in logs. */
export const hasUserInfo = (url: URL): boolean => url.username !== "" || url.password !== ""

/**
 * Reads a URL that secrets may travel to. On the left is what is wrong with it, as the end of a sentence that begins with
 * the name of the setting. It does not repeat the value, which may hold a secret.
 */
export const parse = (input: string | URL): Either.Either<URL, string> => {
  if (!URL.canParse(String(input))) {
    return Either.left("must be an absolute URL, with https:// at its start")
  }
  const url = new URL(input)
  if (hasUserInfo(url)) {
    return Either.left("must not carry a user name or password; pass secrets as credentials, not in a URL")
  }
  if (url.hostname.includes("*")) {
    return Either.left("must name one host, without *")
  }
  return isConfidential(url)
    ? Either.right(url)
    : Either.left("must start with https:// (plain http:// only to this machine)")
}

/** The same for a URL without a path, such as an issuer. */
export const parseOrigin = (input: string | URL): Either.Either<URL, string> =>
  Either.filterOrLeft(
    parse(input),
    ({ hash, pathname, search }) => pathname === "/" && search === "" && hash === "",
    () => "must be a host alone, without a path, for example https://issuer.example.com"
  )

/**
 * A base URL as a folder, without query: a relative URL resolves against the folder of its base, so without a slash at
 * the end the base's last segment would be lost.
 */
export const folderOf = (url: URL): URL => new URL(`${nameOf(url)}${url.pathname.endsWith("/") ? "" : "/"}`)

/** The origin that a `Location` leads to, if it names one. */
export const originOf = (location: string | undefined, base: URL): string | undefined => {
  const origin = location && URL.canParse(location, base.href) ? new URL(location, base).origin : "null"
  return origin === "null" ? undefined : origin.slice(0, 200)
}

/** A URL as an error may name it: without its query, because a gateway may want a key there. */
export const nameOf = ({ origin, pathname }: URL): string => `${origin}${pathname}`
