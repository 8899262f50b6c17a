/**
 * The API of the simulator, behind its bearer check.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Grant, type GrantService } from "./Grant.js"
import * as Incoming from "./Incoming.js"
import type { Registry } from "./Registry.js"
import { defaultUser, type SimulatorOptions } from "./SimulatorOptions.js"
import { credentialsOf } from "./TokenRequest.js"
import { realm } from "./TokenRoute.js"

/**
 * The user that a token belongs to (source: the brief).
 *
 * @since 0.1.0
 * @category constants
 */
export const userPath = "/api/v2/users/me"

const userScope = "read:users"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse>

/**
 * Answers everything that is no token request: to who carries a valid token, the user, and what the `api` option serves;
 * to anyone else, the challenge of RFC 6750 §3, whatever the path. An API that dies answers 500, and the defect is logged:
 * it is a mistake in the test.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make =
  (registry: Registry, origin: URL, options: Pick<SimulatorOptions, "api" | "user">) =>
  (incoming: Incoming.Incoming): Answer =>
    Option.match(bearerOf(incoming), {
      // RFC 6750 §3.1: who sent no token at all is told no error code.
      onNone: () => Effect.succeed(challenge(401, {}, { message: "Unauthorized" })),
      onSome: (token) =>
        b64token.test(token)
          ? Effect.flatMap(
              registry.grantOf(token),
              Option.match({
                onNone: () => Effect.succeed(invalidToken),
                onSome: (grant) => route(incoming, grant, origin, options)
              })
            )
          : Effect.succeed(malformedToken)
    })

/**
 * The token that a request carries, if it carries one.
 *
 * @since 0.1.0
 * @category getters
 */
export const bearerOf = (incoming: Incoming.Incoming): Option.Option<string> => credentialsOf(incoming, "bearer")

// RFC 6750 §2.1.
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

const route = (
  incoming: Incoming.Incoming,
  grant: GrantService,
  origin: URL,
  options: Pick<SimulatorOptions, "api" | "user">
): Answer => {
  if (Incoming.pathOf(incoming) === userPath) {
    return Effect.succeed(user(incoming, grant, options.user ?? defaultUser))
  }
  // The web's Request, which the app is given, can't be made for these two.
  if (options.api === undefined || incoming.method === "TRACE" || incoming.method === "CONNECT") {
    return Effect.succeed(notFound)
  }
  return options.api.pipe(
    Effect.provideService(HttpServerRequest.HttpServerRequest, Incoming.toServerRequest(incoming, origin)),
    Effect.provideService(Grant, grant),
    Effect.catchTag("RouteNotFound", () => Effect.succeed(notFound)),
    Effect.catchAllDefect((defect) =>
      Effect.as(
        Effect.logError("CxoneSimulator: the app of the option `api` died, and 500 was answered", defect),
        HttpServerResponse.unsafeJson({ message: "Internal Server Error" }, { status: 500 })
      )
    )
  )
}

const user = (incoming: Incoming.Incoming, grant: GrantService, body: object) => {
  if (incoming.method !== "GET" && incoming.method !== "HEAD") {
    return HttpServerResponse.unsafeJson(
      { message: "Method Not Allowed" },
      { status: 405, headers: { allow: "GET, HEAD" } }
    )
  }
  if (!grant.scopes.includes(userScope)) {
    return refused(403, "insufficient_scope", "The token lacks a scope that this needs", { scope: userScope })
  }
  return acceptsJson(incoming)
    ? HttpServerResponse.unsafeJson(body)
    : // What CXone does, status and label included (facts §4a).
      HttpServerResponse.text("No known way to render data", { contentType: "application/html" })
}

// `*/*` doesn't count: it is what fetch sends for a caller who gave no thought to it.
const acceptsJson = (incoming: Incoming.Incoming): boolean =>
  (incoming.headers.accept ?? "")
    .toLowerCase()
    .split(",")
    .some((range) => /^\s*application\/(?:json|\*)\s*(?:;|$)/.test(range))

const challenge = (status: number, parameters: { readonly [name: string]: string }, body: object) => {
  const quoted = Object.entries({ realm, ...parameters }).map(([name, value]) => `${name}="${value}"`)
  return HttpServerResponse.unsafeJson(body, {
    status,
    headers: { "www-authenticate": `Bearer ${quoted.join(", ")}` }
  })
}

const refused = (
  status: number,
  error: string,
  description: string,
  more: { readonly [name: string]: string } = {}
) => {
  const problem = { error, error_description: description }
  return challenge(status, { ...problem, ...more }, problem)
}

const invalidToken = refused(401, "invalid_token", "The token is unknown, revoked or expired")

const malformedToken = refused(400, "invalid_request", "The Authorization header holds no well-formed token")

const notFound = HttpServerResponse.unsafeJson({ message: "Not Found" }, { status: 404 })
