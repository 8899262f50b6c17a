/**
 * The documents that discovery reads.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as ErrorBody from "../cxone/ErrorBody.js"
import { type JsonFields, parse as parseFields } from "../cxone/JsonAnswer.js"
import { DiscoveryFailed, mayPass } from "../errors/DiscoveryFailed.js"
import * as LimitedRequest from "../http/LimitedRequest.js"
import * as RetryAfter from "../http/RetryAfter.js"
import * as SecureUrl from "../http/SecureUrl.js"
import { backoff, notBefore, type TokenPolicy } from "../token/TokenPolicy.js"

type Problem = Pick<DiscoveryFailed, "reason"> &
  Partial<Pick<DiscoveryFailed, "status" | "detail" | "description" | "retryAfter">>

type Document = DiscoveryFailed["document"]

const nameOf = ({ origin, pathname }: URL): string => `${origin}${pathname}`

const fieldsOf = ({ body, response }: LimitedRequest.Answer, now: number): Either.Either<JsonFields, Problem> => {
  const { headers, status } = response
  if (status >= 300 && status < 400) {
    return Either.left({ reason: "redirect", status })
  }
  if (status < 200 || status >= 400) {
    const retryAfter = RetryAfter.parse(headers["retry-after"], now)
    const said = ErrorBody.quoted(ErrorBody.parse(body, headers), [])
    return Either.left({ reason: "status", status, retryAfter, ...said })
  }
  return Either.fromOption(body, (): Problem => ({ reason: "too_large", status })).pipe(
    Either.flatMap((text) => Either.fromOption(parseFields(text), (): Problem => ({ reason: "not_json", status })))
  )
}

const askedBy = ({ retryAfter }: DiscoveryFailed): number =>
  Option.match(retryAfter, { onNone: () => 0, onSome: Duration.toMillis })

/** What may pass, as long as it has not asked for more patience in all than callers have (L6). */
const isWorthAnotherTry = (policy: TokenPolicy, waited: Ref.Ref<number>) => (error: DiscoveryFailed) =>
  Effect.map(
    Ref.updateAndGet(waited, (before) => before + askedBy(error)),
    (inAll) => mayPass(error) && inAll <= Duration.toMillis(policy.maxWait)
  )

const schedule = (policy: TokenPolicy) =>
  Schedule.identity<DiscoveryFailed>().pipe(
    Schedule.intersect(backoff(policy)),
    Schedule.intersect(Schedule.recurs(policy.retries)),
    Schedule.modifyDelayEffect(([[error]], delay) =>
      askedBy(error) === 0 ? Effect.succeed(delay) : notBefore(askedBy(error))
    )
  )

/** Fetches a document and reads it; what may pass is tried again (L7), in a span of its own. */
const read = <A>(
  document: Document,
  url: URL,
  policy: TokenPolicy,
  decode: (fields: JsonFields) => Either.Either<A, Problem>
): Effect.Effect<A, DiscoveryFailed, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const attempts = yield* Ref.make(0)
    const waited = yield* Ref.make(0)
    const failWith = (problem: Problem) =>
      Effect.map(
        Ref.get(attempts),
        (made) =>
          new DiscoveryFailed({ document, url: nameOf(url), attempts: made, retryAfter: Option.none(), ...problem })
      ).pipe(Effect.flatMap(Effect.fail))

    const attempt = Ref.update(attempts, (made) => made + 1).pipe(
      Effect.zipRight(LimitedRequest.send(HttpClientRequest.acceptJson(HttpClientRequest.get(url)), policy)),
      Effect.zip(Clock.currentTimeMillis),
      Effect.flatMap(([answer, now]) => Either.flatMap(fieldsOf(answer, now), decode)),
      Effect.catchAll(failWith),
      Effect.tapError((error) => Effect.logDebug(`discovery failed: ${error.message}`))
    )
    return yield* Effect.retry(attempt, { while: isWorthAnotherTry(policy, waited), schedule: schedule(policy) }).pipe(
      Effect.onExit((exit) =>
        Effect.flatMap(Ref.get(attempts), (made) =>
          Effect.annotateCurrentSpan({
            attempts: made,
            outcome: Exit.match(exit, { onFailure: outcomeOf, onSuccess: () => "found" })
          })
        )
      )
    )
  }).pipe(
    Effect.withSpan("CxoneAuth.discover", {
      captureStackTrace: false,
      attributes: { document, "url.full": nameOf(url) }
    })
  )

const outcomeOf = (cause: Cause.Cause<DiscoveryFailed>): string =>
  Option.match(Cause.failureOption(cause), { onNone: () => "interrupted", onSome: ({ reason }) => reason })

const text = (fields: JsonFields, name: string): Either.Either<string, Problem> => {
  const value = fields[name]
  return Predicate.isString(value) ? Either.right(value) : Either.left({ reason: "invalid_field", detail: name })
}

/** An https document names https URLs only: one of plain http would take secrets to whoever listens on this machine. */
const secureUrl = (fields: JsonFields, name: string, document: URL): Either.Either<URL, Problem> =>
  Either.flatMap(text(fields, name), (value) =>
    Either.filterOrLeft(
      SecureUrl.parse(value),
      ({ protocol }) => protocol === document.protocol || protocol === "https:",
      () => "is plain http"
    )
  ).pipe(Either.mapLeft((): Problem => ({ reason: "invalid_field", detail: name })))

/**
 * Reads the token endpoint from the issuer's `/.well-known/openid-configuration` (OpenID Connect Discovery §4, RFC 8414
 * §3). The document must be that of this issuer (§3.3 there): another one could name any place for the secrets to go.
 *
 * @since 0.1.0
 * @category documents
 */
export const tokenEndpoint = (
  issuer: URL,
  policy: TokenPolicy
): Effect.Effect<URL, DiscoveryFailed, HttpClient.HttpClient> => {
  const url = new URL("/.well-known/openid-configuration", issuer)
  return read("openid-configuration", url, policy, (fields) =>
    Either.flatMap(text(fields, "issuer"), (named) =>
      URL.canParse(named) && new URL(named).href === issuer.href
        ? secureUrl(fields, "token_endpoint", url)
        : Either.left({ reason: "issuer_mismatch" })
    )
  )
}

/**
 * Reads the API's place from `/.well-known/cxone-configuration` (facts §2b): on a global host that of the tenant; on an
 * area's host no tenant need be named.
 *
 * @since 0.1.0
 * @category documents
 */
export const apiEndpoint = (
  host: URL,
  tenantId: string | undefined,
  policy: TokenPolicy
): Effect.Effect<URL, DiscoveryFailed, HttpClient.HttpClient> => {
  const url = configurationUrl(host)
  if (tenantId !== undefined) {
    url.searchParams.set("tenantId", tenantId)
  }
  return read("cxone-configuration", url, policy, (fields) =>
    isOf(fields.tenantId, tenantId)
      ? Either.map(secureUrl(fields, "api_endpoint", url), asBase)
      : Either.left({ reason: "tenant_mismatch" })
  )
}

// What is not echoed is not wrong, and the case of a UUID's letters means nothing (RFC 9562 §4).
const isOf = (echoed: unknown, tenantId: string | undefined): boolean =>
  !Predicate.isString(echoed) || tenantId === undefined || echoed.toLowerCase() === tenantId.toLowerCase()

const configurationUrl = (host: URL): URL => new URL("/.well-known/cxone-configuration", host)

// What relative URLs resolve against must end in a slash, or its last segment is lost.
const asBase = (url: URL): URL => (url.pathname.endsWith("/") ? url : new URL(`${url.origin}${url.pathname}/`))

/**
 * The failure for a token that names no tenant, where one must be named.
 *
 * @since 0.1.0
 * @category errors
 */
export const noTenant = (host: URL): DiscoveryFailed =>
  new DiscoveryFailed({
    reason: "no_tenant",
    document: "cxone-configuration",
    url: nameOf(configurationUrl(host)),
    attempts: 0,
    retryAfter: Option.none()
  })
