import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Route from "../cxone/Route.js"
import type * as Throttle from "../throttle/Throttle.js"

/**
 * Which calls CXone limits together, so that a 429 to one of them holds back the others.
 *
 * - `"route"`: calls with the same method, origin and path, whatever ids are in the path. If a 429 names its route, as that
 *   of the media playback does, those with the same name.
 * - `"origin"`: all calls to the same origin.
 * - a function: calls to the same origin for which it gives the same text. It gets the request with its whole URL, without
 *   the token. If it throws, or gives no text, the route counts.
 *
 * @since 0.1.0
 * @category models
 */
export type RateLimitKey = "route" | "origin" | ((request: HttpClientRequest) => string)

/** Method and path, without ids. */
export const routeOf = ({ method, url }: HttpClientRequest): string =>
  `${method} ${Route.shapeOf(new URL(url).pathname)}`

/** Where a request goes: method, origin and path without ids (C2). */
export const placeOf = (request: HttpClientRequest): string => `${new URL(request.url).origin} ${routeOf(request)}`

/** The limit of CXone's that a request counts against. Throws a `TypeError` if `rateLimitKey` has another value. */
export const limitOf = (rateLimitKey: RateLimitKey): ((request: HttpClientRequest) => Throttle.Limit) => {
  if (rateLimitKey !== "route" && rateLimitKey !== "origin" && typeof rateLimitKey !== "function") {
    throw new TypeError(`CxoneHttpClient: rateLimitKey is ${rateLimitKey}; expected "route", "origin" or a function`)
  }
  const keyOf = typeof rateLimitKey === "function" ? keyBy(rateLimitKey) : routeOf
  return (request) => {
    const { origin } = new URL(request.url)
    if (rateLimitKey === "origin") {
      return { key: origin, origin }
    }
    const route = keyOf(request)
    return { key: `${origin} ${route}`, origin, route }
  }
}

const keyBy =
  (given: (request: HttpClientRequest) => unknown) =>
  (request: HttpClientRequest): string => {
    try {
      const key = given(request)
      return typeof key === "string" && key !== "" ? key : routeOf(request)
    } catch {
      return routeOf(request)
    }
  }
