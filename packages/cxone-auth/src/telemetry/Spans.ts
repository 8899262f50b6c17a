import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { CacheState } from "./Metrics.js"

/**
 * Opens a span for a request in place of the platform's. It has the same name and kind, the method, the full URL, the
 * origin and the status, and no headers. `error.type` is the status from 400 on, or the error's tag. It ends
 * with what `send` gives, which must be free of secrets.
 * `HttpClient.withTracerDisabledWhen` and `HttpClient.withSpanNameGenerator` still apply. With `propagation` the
 * request carries the span in `traceparent` and `b3`. With neither `propagation` nor a tracer there is no span, because
 * it would be a third of the cost of the call.
 */
export const requestSpan = <E extends { readonly _tag: string }, R>(
  request: HttpClientRequest.HttpClientRequest,
  propagation: boolean,
  send: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<HttpClientResponse, E, R>
): Effect.Effect<HttpClientResponse, E, R> =>
  Effect.withFiberRuntime((fiber) =>
    (!propagation && !isTraced(fiber)) || fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)
      ? send(request)
      : Effect.flatMap(HttpClient.SpanNameGenerator, (nameOf) =>
          Effect.useSpan(nameOf(request), spanOptions(request), (span) => {
            const traced = propagation
              ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
              : request
            return Effect.onExit(Effect.withParentSpan(send(traced), span), (exit) =>
              Effect.sync(() => {
                if (Exit.isSuccess(exit)) {
                  span.attribute("http.response.status_code", exit.value.status)
                }
                noteFailure(span, Exit.isSuccess(exit) ? typeOfStatus(exit.value.status) : typeOf(exit))
              })
            )
          })
        )
  )

const spanOptions = (request: HttpClientRequest.HttpClientRequest): Tracer.SpanOptions => {
  const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  const place = url && { "url.full": url.href, "server.address": url.origin }
  return { kind: "client", captureStackTrace: false, attributes: { "http.request.method": request.method, ...place } }
}

/** Whether the app has a tracer other than Effect's own, which keeps nothing. */
export const isTraced = ({ currentTracer }: Fiber.RuntimeFiber<unknown, unknown>): boolean => currentTracer !== untraced

/**
 * Opens the span `CxoneAuth.accessToken` around `look`, which gets a token. `look` reports the attribute
 * `cxone_auth.cache`: hit, stale, joined or miss. Without a tracer there is no span, because it costs ten times as much as a cached token.
 */
export const accessSpan = <A, E extends { readonly _tag: string }>(
  look: (observe: (cache: CacheState) => void) => Effect.Effect<A, E>,
  client: string | undefined
): Effect.Effect<A, E> =>
  Effect.withFiberRuntime((fiber) =>
    isTraced(fiber)
      ? Effect.useSpan(
          "CxoneAuth.accessToken",
          { captureStackTrace: false, attributes: client === undefined ? {} : { [own("client")]: client } },
          (span) =>
            Effect.onExit(
              look((cache) => span.attribute(own("cache"), cache)),
              (exit) => Effect.sync(() => noteFailure(span, typeOf(exit)))
            )
        )
      : look(constVoid)
  )

const untraced = Effect.runSync(Effect.tracer)

/** The name of an attribute of this library's own. Others are OpenTelemetry's. */
export const own = (name: string): string => `cxone_auth.${name}`

/** OpenTelemetry's attribute for the kind of a failure. */
export const errorType = "error.type"

/** Says on the current span how an effect with several attempts ended. */
export const conclude = <A, E>(exit: Exit.Exit<A, E>, outcome: string, attempts: number): Effect.Effect<void> =>
  Effect.annotateCurrentSpan({
    [own("outcome")]: outcome,
    [own("attempts")]: attempts,
    ...(hasFailed(exit) ? { [errorType]: outcome } : {})
  })

/** Whether an effect failed or died. An interruption is no failure, because somebody wanted it. */
const hasFailed = <A, E>(exit: Exit.Exit<A, E>): boolean => Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)

const typeOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string | undefined =>
  hasFailed(exit) ? outcomeOf(exit, "", ({ _tag }) => _tag) : undefined

const noteFailure = (span: Tracer.Span, type: string | undefined): void => {
  if (type !== undefined) {
    span.attribute(errorType, type)
  }
}

const typeOfStatus = (status: number): string | undefined => (status >= 400 ? String(status) : undefined)

/** How an effect ended, as a word for a span or a metric. */
export const outcomeOf = <A, E>(exit: Exit.Exit<A, E>, success: string, nameOf: (error: E) => string): string =>
  Exit.match(exit, {
    onSuccess: () => success,
    onFailure: (cause) =>
      Option.getOrElse(Option.map(Cause.failureOption(cause), nameOf), () =>
        Cause.isInterruptedOnly(cause) ? "interrupted" : "Defect"
      )
  })
