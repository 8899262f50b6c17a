/** The `HttpClient` over a sender. */
import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { type Sender, send } from "./Dispatch.js"

// The platform's own map from a request of `HttpClient.withScope` to what its scope aborts. It has no other way in. A test
// notices if the map is moved.
const scopedRequests = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

/**
 * The way past the spans, for a library that makes its own: `cxone-auth` looks for it. `execute` is the client's own, so that
 * a copy with another `execute` is not taken for this client.
 */
const DirectId: unique symbol = Symbol.for("cxone-auth/DirectTransport")

type Caller = Fiber.RuntimeFiber<unknown, unknown>

const untraced = Effect.runSync(Effect.tracer)

/** Whether a request may carry a trace: what the platform asks, too. */
const mayBeTraced = (request: HttpClientRequest.HttpClientRequest, fiber: Caller): boolean =>
  fiber.getFiberRef(FiberRef.currentTracerEnabled) && !fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

/** The span of another process that the caller works for, if nothing in this process records spans. */
const spanFromOutside = (span: Tracer.AnySpan | undefined): Tracer.ExternalSpan | undefined =>
  span?._tag === "Span" ? spanFromOutside(Option.getOrUndefined(span.parent)) : span

// The platform's function reads only the ids and the parent, which a span of another process does not have here.
const headersOf = (span: Tracer.ExternalSpan) =>
  HttpTraceContext.toHeaders({ ...span, parent: Option.none() } as object as Tracer.Span)

/**
 * A request of an app with a tracer goes through the platform's own client, which makes its span. Without a tracer, there
 * is no span, because nobody would see it, and it costs as much as the request. Then a request carries a trace only if one
 * came from outside (`Tracer.externalSpan`), so that it isn't cut here. The platform would make up a trace for every other.
 */
export const make = (sender: Sender, context: Context.Context<never>): HttpClient.HttpClient => {
  // The context of the layer counts where the caller has none of his own, as in every layer of the platform.
  const traced = HttpClient.make((request, url, signal) => send(sender, request, url, signal)).pipe(
    HttpClient.transformResponse(
      Effect.mapInputContext((input: Context.Context<never>) => Context.merge(context, input))
    )
  )

  const direct = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<HttpClientResponse, HttpClientError> => {
    const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
    return Either.isLeft(url)
      ? Effect.fail(new RequestError({ request, reason: "InvalidUrl", cause: url.left }))
      : send(sender, request, url.right, scopedRequests.get(request)?.signal)
  }

  const execute = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<HttpClientResponse, HttpClientError> =>
    Effect.withFiberRuntime((fiber) => {
      const maybe = mayBeTraced(request, fiber)
      if (maybe && fiber.currentTracer !== untraced) {
        return traced.execute(request)
      }
      const outside = maybe ? spanFromOutside(fiber.currentSpan) : undefined
      if (outside === undefined || !fiber.getFiberRef(HttpClient.currentTracerPropagation)) {
        return direct(request)
      }
      const carrying = HttpClientRequest.setHeaders(request, headersOf(outside))
      // The platform knows a request of a scope by identity.
      const controller = scopedRequests.get(request)
      if (controller !== undefined) {
        scopedRequests.set(carrying, controller)
      }
      return direct(carrying)
    })
  const client = HttpClient.makeWith<never, never, HttpClientError, never>(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed
  )
  return Object.assign(client, { [DirectId]: { execute: client.execute, send: direct } })
}
