/**
 * The routes of CXone's API: which parts of a path are ids, and what an answer calls its route.
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as JsonAnswer from "./JsonAnswer.js"

/** `v33.0` is a version, which every call to a service has in common. */
const version = /^v\d+(?:\.\d+)*$/i

/** A number, a UUID, an e-mail address, or another long part with a digit in it. */
const isId = (part: string): boolean =>
  !version.test(part) && (/^\d+$/.test(part) || /[@%=:,;]/.test(part) || (part.length >= 8 && /\d/.test(part)))

/**
 * A path with `{id}` in the place of each id, so that `/users/1` and `/users/2` are one route. An id of letters alone can't
 * be told from a name, so it makes a route of its own.
 */
export const shapeOf = (path: string): string =>
  path
    .split("/")
    .map((part) => (isId(part) ? "{id}" : part))
    .join("/")

/** The route that a 429 names in its body, as the media playback does (docs/cxone-facts.md). */
export const namedIn = (body: Option.Option<string>): string | undefined => {
  const route = Option.getOrUndefined(Option.flatMap(body, JsonAnswer.parseWrapped))?.route
  return Predicate.isString(route) && route.trim() !== "" ? route.trim().slice(0, 200) : undefined
}
