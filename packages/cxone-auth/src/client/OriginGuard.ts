import { RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Hosts from "../cxone/Hosts.js"
import { ForeignOrigin } from "../errors/CxoneAuthError.js"
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
 * can read it in another way.
 */
export const resolve = (
  request: HttpClientRequest.HttpClientRequest,
  apiBaseUrl: URL,
  places: AllowedPlaces
): Either.Either<HttpClientRequest.HttpClientRequest, ForeignOrigin | RequestError> => {
  const url = parse(request.url, apiBaseUrl)
  if (url === undefined) {
    return Either.left(new RequestError({ request, reason: "InvalidUrl" }))
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
  if (!/^https?:$/.test(url.protocol) || request.headers.upgrade !== undefined) {
    return refuse("not_http")
  }
  if (!SecureUrl.isConfidential(url)) {
    return refuse("not_confidential")
  }
  return url.origin === apiBaseUrl.origin ||
    places.origins.has(url.origin) ||
    (places.cxoneHosts && Hosts.isCxoneHost(url))
    ? Either.right(HttpClientRequest.setUrl(request, url.href))
    : refuse("not_allowed")
}

// The parser takes a backslash for a slash. A URL that it reads as one with a host in any other way only loses the
// freedom to leave the folder.
const namesHost = (url: string): boolean => /^(?:[a-z][a-z\d+.-]*:)?[/\\]{2}/i.test(url)

// Every path of an `HttpApi` begins with a slash, which would take it out of the folder.
const inFolder = (url: string): string => (/^[/\\](?![/\\])/.test(url) ? `.${url}` : url)

// `URL.canParse` would parse twice, and every call comes by here.
const parse = (url: string, base: URL): URL | undefined => {
  try {
    return new URL(inFolder(url), base)
  } catch {
    return undefined
  }
}
