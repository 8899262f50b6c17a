/**
 * Which URLs secrets may travel to.
 *
 * @since 0.1.0
 */

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether a secret may travel to this URL: https, or plain http to this machine itself (C1, S3). The WHATWG parser
 * has already turned every spelling of an IPv4 address into the dotted one.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isConfidential = (url: URL): boolean =>
  url.protocol === "https:" || (url.protocol === "http:" && loopbackHost.test(url.hostname))

/**
 * Whether the URL carries a user name or password, which would end up in logs and could disguise the host.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasUserInfo = (url: URL): boolean => url.username !== "" || url.password !== ""

/**
 * Says what is wrong with a URL that secrets or tokens shall be sent to, or `undefined` if nothing is. The text
 * continues a sentence that begins with the name of the setting; it never repeats the URL, which may hold a secret.
 *
 * @since 0.1.0
 * @category predicates
 */
export const objection = (url: URL): string | undefined => {
  if (hasUserInfo(url)) {
    return "must not carry a user name or password; give the credentials as credentials"
  }
  return isConfidential(url) ? undefined : "must start with https:// (plain http:// only to this machine)"
}
