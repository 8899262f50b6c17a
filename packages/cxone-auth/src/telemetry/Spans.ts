import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { CacheState } from "./Metrics.js"

/** The span of the request that is being sent, if it is to go out in `traceparent` and `b3`. */
class PropagatedSpan extends Context.Reference<PropagatedSpan>()("cxone-auth/PropagatedSpan", {
  defaultValue: (): Tracer.Span | undefined => undefined
}) {}

/**
 * Opens a span for a request in place of the platform's. It has the same name, kind and attributes, and no headers.
 * `error.type` is the status from 400 on, or the error's tag. It ends with what `send` gives, which must be free of
 * secrets. What an app says to the platform about spans (`HttpClient.withTracerDisabledWhen`,
 * `HttpClient.withSpanNameGenerator`) is heeded. With `propagation`, {@link propagate} lets the request carry the span.
 * With neither `propagation` nor a tracer there is no span, because it would be a third of the cost of the call.
 */
export const requestSpan = <E extends { readonly _tag: string }, R>(
  request: HttpClientRequest.HttpClientRequest,
  propagation: boolean,
  send: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<HttpClientResponse, E, R>
): Effect.Effect<HttpClientResponse, E, R> =>
  Effect.withFiberRuntime((fiber) =>
    (!propagation && !isTraced(fiber)) || isDisabled(fiber, request)
      ? send(request)
      : Effect.flatMap(HttpClient.SpanNameGenerator, (nameOf) =>
          Effect.useSpan(nameOf(request), spanOptions(request), (span) =>
            send(request).pipe(
              Effect.withParentSpan(span),
              Effect.provideService(PropagatedSpan, propagation ? span : undefined),
              Effect.onExit((exit) =>
                Effect.sync(() => {
                  if (Exit.isSuccess(exit)) {
                    span.attribute("http.response.status_code", exit.value.status)
                  }
                  noteFailure(span, Exit.isSuccess(exit) ? typeOfStatus(exit.value.status) : typeOf(exit))
                })
              )
            )
          )
        )
  )

const isDisabled = (fiber: Fiber.RuntimeFiber<unknown, unknown>, request: HttpClientRequest.HttpClientRequest) =>
  !fiber.getFiberRef(FiberRef.currentTracerEnabled) || fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

// The attributes are those of @effect/platform's HttpClient. A test compares the two.
const spanOptions = (request: HttpClientRequest.HttpClientRequest): Tracer.SpanOptions => {
  const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  const place = url && {
    "server.address": url.origin,
    ...(url.port === "" ? {} : { "server.port": Number(url.port) }),
    "url.full": url.href,
    "url.path": url.pathname,
    "url.scheme": url.protocol.slice(0, -1),
    ...(url.search === "" ? {} : { "url.query": url.search.slice(1) })
  }
  return { kind: "client", captureStackTrace: false, attributes: { "http.request.method": request.method, ...place } }
}

/**
 * Lets a request carry its span, unless the app said `HttpClient.withTracerPropagation(false)`. Run it as the last step
 * before the transport, because an app may have said so to its own client, too.
 */
export const propagate = (
  request: HttpClientRequest.HttpClientRequest,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
): HttpClientRequest.HttpClientRequest => {
  const span = Context.get(fiber.currentContext, PropagatedSpan)
  return span !== undefined && fiber.getFiberRef(HttpClient.currentTracerPropagation)
    ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
    : request
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
