import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { GrantService } from "../options/Grant.js"
import type { PlacedTenant } from "../options/SimulatedTenant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Host } from "../tenants/Hosts.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import * as AppRoute from "./AppRoute.js"
import * as JsonResponse from "./JsonResponse.js"
import type { RouteFailures } from "./RouteFailures.js"
import { realm } from "./TokenResponse.js"
import * as UserinfoRoute from "./UserinfoRoute.js"

export const userPath = "/api/v2/users/me"

const userScope = "read:users"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>

/**
 * Answers an API call: a route of the option `api`, or else the user or the server time. Without a valid token, every path is
 * answered with the challenge of RFC 6750 §3. The API host of an area accepts only the tokens of its tenants.
 */
export const make =
  (registry: Registry, tenants: Tenants, options: Pick<SimulatorOptions, "api">, failures: RouteFailures) =>
  (incoming: IncomingRequest.IncomingRequest, host: Host): Answer => {
    const { api } = options
    const byApp = (grant: GrantService, orElse: Answer) =>
      api === undefined ? orElse : AppRoute.run(api, incoming, host.origin, grant, orElse, failures)
    if (isPreflight(incoming) && api !== undefined) {
      return byApp(nobody, Effect.succeed(JsonResponse.notFound()))
    }
    return Option.match(IncomingRequest.credentialsOf(incoming, "bearer"), {
      // RFC 6750 §3.1: a request without a token gets no error code.
      onNone: () => Effect.succeed(challenge(401, {}, { message: "Unauthorized" })),
      onSome: (token) =>
        b64token.test(token)
          ? Effect.flatMap(
              grantAt(host, token, registry, tenants),
              Option.match({
                onNone: () => Effect.succeed(invalidToken),
                onSome: (grant) => byApp(grant, builtIn(incoming, grant, host))
              })
            )
          : Effect.succeed(malformedToken)
    })
  }

/** A browser sends it without a token, and before the call itself (Fetch standard, "CORS-preflight request"). */
const isPreflight = ({ headers, method }: IncomingRequest.IncomingRequest): boolean =>
  method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined

const nobody: GrantService = {
  clientId: "",
  tenantId: undefined,
  accessKeyId: undefined,
  user: {},
  scopes: [],
  expiresAt: 0
}

// RFC 6750 §2.1.
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

const grantAt = (host: Host, token: string, registry: Registry, tenants: Tenants) =>
  Effect.gen(function* () {
    const grant = yield* registry.grantOf(token)
    const tenantId = Option.flatMapNullable(grant, (grant) => grant.tenantId)
    // A client's own token belongs to no tenant.
    if (Option.isNone(tenantId)) {
      return host._tag === "Identity" ? grant : Option.none()
    }
    const isHere = (tenant: PlacedTenant) =>
      host._tag === "Identity" ? tenant.issuer === host.origin : tenant.area === host.area.area
    return Option.exists(yield* tenants.tenantOf(tenantId.value), isHere) ? grant : Option.none()
  })

// Apps that call CXone write this prefix in different cases (docs/cxone-facts.md).
const serverTimePath = /^\/incontactapi\/services\/v\d{1,3}\.0\/server-time$/i

const builtIn = (incoming: IncomingRequest.IncomingRequest, grant: GrantService, host: Host): Answer =>
  Effect.suspend(() => {
    const path = IncomingRequest.pathOf(incoming)
    if (path === userPath) {
      return Effect.succeed(user(incoming, grant))
    }
    if (host._tag === "Identity" && path === UserinfoRoute.userinfoPath) {
      return Effect.succeed(Option.getOrElse(UserinfoRoute.answer(incoming, grant), () => ofNoUser))
    }
    return serverTimePath.test(path)
      ? Effect.map(DateTime.now, (now) => rendered(incoming, { ServerTime: DateTime.formatIso(now) }))
      : Effect.succeed(JsonResponse.notFound())
  })

const user = (incoming: IncomingRequest.IncomingRequest, grant: GrantService) =>
  IncomingRequest.isRead(incoming) && !grant.scopes.includes(userScope)
    ? refused(403, "insufficient_scope", "The token lacks a scope that this call needs", { scope: userScope })
    : rendered(incoming, grant.user)

const rendered = (incoming: IncomingRequest.IncomingRequest, body: object) => {
  if (!IncomingRequest.isRead(incoming)) {
    return JsonResponse.onlyRead
  }
  return acceptsJson(incoming)
    ? HttpServerResponse.unsafeJson(body)
    : // CXone answers 200 with this text (docs/cxone-facts.md).
      HttpServerResponse.text("No known way to render data", { contentType: "application/html" })
}

// `*/*` doesn't count, because fetch sends it by default.
const acceptsJson = (incoming: IncomingRequest.IncomingRequest): boolean =>
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

const ofNoUser = refused(401, "invalid_token", "The token is a client's own, which has no user")

const malformedToken = refused(400, "invalid_request", "The Authorization header holds no well-formed token")
