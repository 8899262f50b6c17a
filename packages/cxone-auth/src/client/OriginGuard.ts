import type * as HttpBody from "@effect/platform/HttpBody"
import { RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Hosts from "../cxone/Hosts.js"
import { ForeignOrigin } from "../errors/CxoneAuthError.js"
import * as ConnectionHeaders from "../http/ConnectionHeaders.js"
import * as SecureUrl from "../http/SecureUrl.js"

/** Where the token may go beside the API's own origin. */
export interface AllowedPlaces {
  readonly origins: ReadonlySet<string>
  /** Whether it may go to every host of NICE's. */
  readonly cxoneHosts: boolean
}

/**
 * Decides where a request goes, and whether it may carry the token there (C1). A URL without a host begins at the folder
 * that the API base URL is, and stays in it. The request then has exactly the URL that was judged, so that no transport
 * can read it in another way. It has no header of the connection, because a transport may check the server's certificate
 * against a `Host`.
 */
export const resolve = (
  request: HttpClientRequest.HttpClientRequest,
  apiBaseUrl: URL,
  places: AllowedPlaces
): Either.Either<HttpClientRequest.HttpClientRequest, ForeignOrigin | RequestError> => {
  const url = parse(request.url, apiBaseUrl)
  if (url === undefined) {
    const description = "it is no URL, neither by itself nor behind the API base URL"
    return Either.left(new RequestError({ request, reason: "InvalidUrl", description }))
  }
  if (url.origin === apiBaseUrl.origin && !url.pathname.startsWith(apiBaseUrl.pathname) && !namesHost(request.url)) {
    const description = "it leaves the folder of the API base URL; give the whole URL if that is meant"
    return Either.left(new RequestError({ request, reason: "InvalidUrl", description }))
  }
  const refuse = (reason: ForeignOrigin["reason"]) =>
    Either.left(
      new ForeignOrigin({
        reason,
        origin: url.origin === "null" ? `${url.protocol}//` : url.origin,
        allowed: [
          apiBaseUrl.origin,
          ...places.origins,
          ...(places.cxoneHosts ? Hosts.domains.map((domain) => `https://*.${domain}`) : [])
        ]
      })
    )
  if (SecureUrl.hasUserInfo(url)) {
    return refuse("user_info")
  }
  const unwanted = unwantedIn(request)
  if (!/^https?:$/.test(url.protocol) || unwanted.some((name) => name.toLowerCase() === "upgrade")) {
    return refuse("not_http")
  }
  if (!SecureUrl.isConfidential(url)) {
    return refuse("not_confidential")
  }
  const isAllowed =
    url.origin === apiBaseUrl.origin || places.origins.has(url.origin) || (places.cxoneHosts && Hosts.isCxoneHost(url))
  if (!isAllowed) {
    return refuse("not_allowed")
  }
  if (unwanted.some((name) => name.toLowerCase() === "host" && !isHostOf(url, request.headers[name]))) {
    return refuse("host_header")
  }
  return Either.right(HttpClientRequest.setUrl(without(request, unwanted), url.href))
}

// The URL parser takes a backslash for a slash. Rare spellings of a host, such as one after a space, are not found here.
// Such a URL may not leave the folder.
const namesHost = (url: string): boolean => /^(?:[a-z][a-z\d+.-]*:)?[/\\]{2}/i.test(url)

// Every path of an `HttpApi` begins with a slash, which would take it out of the folder.
const isPath = (url: string): boolean => /^[/\\](?![/\\])/.test(url)

const none: ReadonlyArray<string> = []

/**
 * The headers that may not be sent with the token. `authorization` in lower case is not one of them: the token takes its
 * place. Almost no request has any, so then nothing is copied.
 */
const unwantedIn = ({ body, headers }: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => {
  let found: Array<string> | undefined
  for (const name in headers) {
    const lowered = name.toLowerCase()
    if (
      ConnectionHeaders.has(lowered) ||
      (lowered === "authorization" && name !== lowered) ||
      (lowered === "content-length" && isFalse(headers[name], body))
    ) {
      found ??= []
      found.push(name)
    }
  }
  return found ?? none
}

/**
 * Whether a `Content-Length` must be dropped: it is not the body's length (RFC 9110 §8.6), or only the transport can
 * measure the body (a form, a raw body). With a wrong one, a server would take a part of this body for the next request, or
 * the reverse.
 */
const isFalse = (contentLength: string | undefined, body: HttpBody.HttpBody): boolean => {
  const length = body._tag === "Empty" ? 0 : body.contentLength
  return (body._tag !== "Stream" || length !== undefined) && contentLength !== String(length)
}

const without = (
  request: HttpClientRequest.HttpClientRequest,
  unwanted: ReadonlyArray<string>
): HttpClientRequest.HttpClientRequest =>
  unwanted.length === 0
    ? request
    : HttpClientRequest.make(request.method)(request.url, {
        urlParams: request.urlParams,
        hash: Option.getOrUndefined(request.hash),
        body: request.body
      }).pipe(
        // Setting a body sets `Content-Type` and `Content-Length`, so the request's headers are set again after it.
        HttpClientRequest.setHeaders(Object.entries(request.headers).filter(([name]) => !unwanted.includes(name)))
      )

const isHostOf = (url: URL, host = ""): boolean => parse(`${url.protocol}//${host}`, url)?.host === url.host

// Every call comes by here, so a URL is parsed once. `URL.canParse` would be a second time, and so would a base. A path is
// therefore joined to the folder by text. The folder ends with a slash, and has neither query nor fragment.
const parse = (url: string, base: URL): URL | undefined => {
  try {
    return isPath(url) ? new URL(base.href + url.slice(1)) : new URL(url, base)
  } catch {
    return undefined
  }
}
