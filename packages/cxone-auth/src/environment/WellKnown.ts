/**
 * The two documents of discovery.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { constFalse } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as ErrorBody from "../cxone/ErrorBody.js"
import * as Hosts from "../cxone/Hosts.js"
import { type JsonFields, parse as parseFields } from "../cxone/JsonAnswer.js"
import { DiscoveryFailed, mayPass } from "../errors/CxoneAuthError.js"
import { soon } from "../errors/Phrases.js"
import * as LimitedRequest from "../http/LimitedRequest.js"
import * as Retry from "../http/Retry.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as Logs from "../telemetry/Logs.js"
import * as Spans from "../telemetry/Spans.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"

const { nameOf } = SecureUrl

type Problem = Pick<DiscoveryFailed, "reason"> &
  Partial<Pick<DiscoveryFailed, "status" | "detail" | "description" | "retryAfter">>

/** Where a redirect leads. It can be shown, because nothing secret was sent for the document. */
const targetOf = (location: string | undefined, document: URL): { readonly detail?: string } => {
  const detail = SecureUrl.originOf(location, document)
  return detail === undefined ? {} : { detail }
}

const fieldsOf = (answer: LimitedRequest.Answer, document: URL): Either.Either<JsonFields, Problem> => {
  const { body, coding, headers, status, ...after } = answer
  if (status >= 300 && status < 400) {
    return Either.left({ reason: "redirect", status, ...targetOf(headers.location, document) })
  }
  if (status < 200 || status >= 400) {
    const said = ErrorBody.quoted(ErrorBody.parse(body, headers), [])
    return Either.left({ reason: "status", status, ...after, ...said })
  }
  if (coding !== undefined) {
    return Either.left({ reason: "encoded", status, ...(coding === "unknown" ? {} : { detail: coding }) })
  }
  return Either.fromOption(body, (): Problem => ({ reason: "too_large", status })).pipe(
    Either.flatMap((text) => Either.fromOption(parseFields(text), (): Problem => ({ reason: "not_json", status })))
  )
}

/** Logs a failure: one attempt, or a token without a tenant. `next` says that it is tried again. */
export const warnOf = (
  { attempts, message, retryAfter }: DiscoveryFailed,
  tenant?: string,
  next = ""
): Effect.Effect<void> =>
  Logs.warn(`Discovery failed${next}. ${message}`, {
    lasts: retryAfter,
    tenant,
    ...(attempts === 0 ? {} : { attempt: attempts })
  })

/** Fetches a document and finds a URL in it, in a span of its own. Transient failures are tried again (L7). */
const read = (
  document: DiscoveryFailed["document"],
  url: URL,
  policy: TokenPolicy,
  decode: (fields: JsonFields) => Either.Either<URL, Problem>,
  tenant?: string
): Effect.Effect<URL, DiscoveryFailed, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const attempts = yield* Ref.make(0)
    const request = HttpClientRequest.acceptJson(HttpClientRequest.get(url))
    const attempt = Effect.gen(function* () {
      const made = yield* Ref.updateAndGet(attempts, (made) => made + 1)
      const failed = { document, url: nameOf(url), attempts: made }
      return yield* LimitedRequest.send(request, policy).pipe(
        Effect.flatMap((answer) => Either.flatMap(fieldsOf(answer, url), decode)),
        Effect.mapError((problem: Problem) => new DiscoveryFailed({ ...failed, ...problem }))
      )
    })
    return yield* Retry.retry(() => attempt, {
      policy,
      mayPass,
      isGated: constFalse,
      onRetry: (error, wait) => warnOf(error, tenant, `, and is tried again ${soon(wait)}`)
    }).pipe(
      Effect.onExit((exit) => {
        const outcome = Spans.outcomeOf(exit, "found", ({ reason }) => reason)
        return Effect.flatMap(Ref.get(attempts), (made) => Spans.conclude(exit, outcome, made))
      })
    )
  }).pipe(
    Effect.withSpan("CxoneAuth.discover", {
      captureStackTrace: false,
      attributes: { [Spans.own("document")]: document, "url.full": nameOf(url) }
    })
  )

const invalid = (detail: string): Problem => ({ reason: "invalid_field", detail })

/**
 * An https document may name https URLs only. `SecureUrl` also allows plain http to this machine, where any program may
 * listen.
 */
const secureUrl = (given: unknown, name: string, document: URL): Either.Either<URL, Problem> =>
  Option.liftPredicate(given, Predicate.isString).pipe(
    Option.flatMap((value) => Either.getRight(SecureUrl.parse(value))),
    Option.filter(({ protocol }) => protocol === document.protocol || protocol === "https:"),
    Either.fromOption(() => invalid(name))
  )

/**
 * Reads the token endpoint from the issuer's `/.well-known/openid-configuration` (OpenID Connect Discovery §4, RFC 8414
 * §3). The document must be this issuer's (RFC 8414 §3.3), because another issuer's could send the secrets anywhere.
 */
export const tokenEndpoint = (issuer: URL, policy: TokenPolicy) => {
  const url = new URL("/.well-known/openid-configuration", issuer)
  return read("openid-configuration", url, policy, (fields) => {
    if (!Predicate.isString(fields.issuer)) {
      return Either.left(invalid("issuer"))
    }
    // It can be shown, because nothing secret was sent for the document.
    const named = URL.canParse(fields.issuer) ? new URL(fields.issuer) : undefined
    return named?.href === issuer.href
      ? secureUrl(fields.token_endpoint, "token_endpoint", url)
      : Either.left({
          reason: "issuer_mismatch",
          ...(named === undefined ? {} : { detail: nameOf(named).slice(0, 200) })
        })
  })
}

/**
 * Reads the URL of the API from `/.well-known/cxone-configuration` (docs/cxone-facts.md). A global host needs the
 * tenant; an area's host does not.
 */
export const apiEndpoint = (host: URL, tenantId: string | undefined, policy: TokenPolicy) => {
  const url = configurationUrl(host)
  if (tenantId !== undefined) {
    url.searchParams.set("tenantId", tenantId)
  }
  const decode = (fields: JsonFields) =>
    isOf(fields.tenantId, tenantId)
      ? Either.map(secureUrl(apiOf(fields), "api_endpoint", url), SecureUrl.folderOf)
      : Either.left<Problem>({ reason: "tenant_mismatch" })
  return read("cxone-configuration", url, policy, decode, tenantId)
}

/** The URL of the API in a configuration. NICE's own tutorial builds it from area and domain (docs/cxone-facts.md). */
const apiOf = ({ api_endpoint: endpoint, area, domain }: JsonFields): unknown => {
  if (Predicate.isString(endpoint) && endpoint !== "") {
    return hasScheme.test(endpoint) ? endpoint : `https://${endpoint}`
  }
  return Predicate.isString(area) && Predicate.isString(domain) ? Hosts.apiHost(area, domain) : undefined
}

// A host with a port, such as `localhost:8080`, is none.
const hasScheme = /^[a-z][a-z0-9+.-]*:(?!\d)/i

// Accepts a document that doesn't repeat the tenant id. The case of a UUID's letters doesn't matter (RFC 9562 §4).
const isOf = (echoed: unknown, tenantId: string | undefined): boolean =>
  !Predicate.isString(echoed) || tenantId === undefined || echoed.toLowerCase() === tenantId.toLowerCase()

const configurationUrl = (host: URL): URL => new URL("/.well-known/cxone-configuration", host)

/** The failure for a token without a tenant, if the host needs one. */
export const noTenant = (host: URL, left: Duration.Duration): DiscoveryFailed =>
  new DiscoveryFailed({
    reason: "no_tenant",
    document: "cxone-configuration",
    url: nameOf(configurationUrl(host)),
    attempts: 0,
    ...(Duration.isZero(left) ? {} : { retryAfter: left })
  })
