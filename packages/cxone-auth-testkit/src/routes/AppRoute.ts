/**
 * Runs the option `api` as a server of the platform runs an `HttpApp`.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ConnectionLost } from "../http/ConnectionError.js"
import { noBytes, objectionTo } from "../http/HttpRules.js"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import { bytesOf, bytesOfWeb, measured } from "../http/ResponseBody.js"
import * as ServerRequest from "../http/ServerRequest.js"
import { Grant, type GrantService } from "../options/Grant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import { mistake, type RouteFailures, shown } from "./RouteFailures.js"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>

/**
 * Answers a request by the app, or by `orElse` if the app has no route for it. If the app dies, or answers what HTTP can't
 * carry, the answer is 500 and a failure is kept, because it is a mistake in the test. The scope is that of the exchange.
 */
export const run = (
  app: NonNullable<SimulatorOptions["api"]>,
  incoming: IncomingRequest,
  origin: string,
  grant: GrantService,
  orElse: Answer,
  failures: RouteFailures
): Answer =>
  Effect.gen(function* () {
    const exchange = yield* Effect.scope
    const answered = yield* Deferred.make<HttpServerResponse.HttpServerResponse>()
    let failure: Cause.Cause<unknown> = Cause.empty
    const whole = Effect.catchIf(app, isRouteNotFound, () => orElse).pipe(
      Effect.tapErrorCause((cause) =>
        Effect.sync(() => {
          failure = cause
        })
      )
    )
    const handled = HttpApp.toHandled(whole, (_, response) =>
      sendable(incoming, hinted(response, failure), failures).pipe(
        // The stream of a body may need what the request's scope holds.
        Effect.tap((sent) => (sent.body._tag === "Stream" ? keepScopeFor(exchange) : Effect.void)),
        Effect.flatMap((sent) => Deferred.succeed(answered, sent))
      )
    ).pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, ServerRequest.make(incoming, origin)),
      Effect.provideService(Grant, grant),
      // The spans of a server don't belong into those of the app under test.
      Effect.locally(HttpMiddleware.currentTracerDisabledWhen, constTrue)
    )
    // In a fiber of its own, as on a server: an app changes the settings of its fiber, and makes it uninterruptible.
    yield* Effect.interruptible(handled).pipe(
      Effect.catchAllCause((cause) =>
        // A handler of responses that fails leaves none.
        Effect.flatMap(Deferred.succeed(answered, serverError(`${failed}: ${shown(cause)}`)), (isUnanswered) =>
          (isUnanswered || (isServerError(cause) && !isMeant(failure))) && !Cause.isInterruptedOnly(cause)
            ? failures.add(incoming, `${failed}, and the answer was 500`, isUnanswered ? cause : failure)
            : Effect.void
        )
      ),
      Effect.forkDaemon,
      // A route that does not let itself be interrupted holds up nobody.
      Effect.tap((fiber) => Scope.addFinalizer(exchange, Fiber.interruptFork(fiber))),
      Effect.uninterruptible
    )
    return yield* Deferred.await(answered)
  })

/** The platform closes the scope of a request when the answer is there. This one closes with the exchange. */
const keepScopeFor = (exchange: Scope.Scope) =>
  Effect.flatMap(Effect.scope, (ofRequest) => {
    HttpApp.ejectDefaultScopeClose(ofRequest)
    // `toHandled` makes a scope that can be closed, and puts it into the context.
    return Scope.addFinalizerExit(exchange, (exit) => Scope.close(ofRequest as Scope.CloseableScope, exit))
  }).pipe(Effect.uninterruptible)

const failed = "A route of it failed"

/** The platform's own answer to a failure says nothing. */
const hinted = (response: HttpServerResponse.HttpServerResponse, failure: Cause.Cause<unknown>) => {
  if (response.body._tag !== "Empty" || Cause.isEmpty(failure) || isMeant(failure)) {
    return response
  }
  switch (response.status) {
    case 400:
      return HttpServerResponse.setBody(response, hint("Bad Request", `${unread}: ${shown(failure)}`))
    case 500:
      return HttpServerResponse.setBody(response, serverError(`${failed}: ${shown(failure)}`).body)
    default:
      return response
  }
}

const unread = "CxoneSimulator: a route of the option `api` can't read the request"

/** Whether a route has failed with a response of its own. What reads a request fails with 400, and means nothing. */
const isMeant = (failure: Cause.Cause<unknown>): boolean =>
  Option.exists(Cause.failureOption(failure), (error) => HttpServerResponse.isServerResponse(error))

const isRouteNotFound = (error: unknown): error is HttpServerError.RouteNotFound =>
  Predicate.isTagged(error, "RouteNotFound")

/** For a test whose log nobody reads: that of `it.effect` is off. */
const hint = (message: string, hint: string) => HttpBody.unsafeJson({ message, hint })

const serverError = (what: string) =>
  HttpServerResponse.empty({ status: 500 }).pipe(
    HttpServerResponse.setBody(hint("Internal Server Error", `${mistake} ${what}`))
  )

// The platform puts the response into the cause, as a defect. A failure that stands for another one, such as a 400, is none
// of the test's mistakes.
const isServerError = (cause: Cause.Cause<unknown>): boolean =>
  Array.from(Cause.defects(cause)).some(
    (defect) => HttpServerResponse.isServerResponse(defect) && defect.status === 500
  )

const sendable = (
  incoming: IncomingRequest,
  response: HttpServerResponse.HttpServerResponse,
  failures: RouteFailures
): Answer => {
  const { body, headers, status } = response
  const bytes = body._tag === "Empty" ? noBytes : body._tag === "Uint8Array" ? body.body : undefined
  const objection = objectionTo(incoming.method, { status, headers, bytes })
  return objection === undefined
    ? Effect.sync(() => streamed(incoming, response, failures))
    : Effect.as(
        failures.add(incoming, `Its response can't be sent: ${objection}. The answer was 500`, Cause.empty),
        serverError(`Its response can't be sent: ${objection}`)
      )
}

/** A body that isn't at hand, as a stream that has the length that the headers announce, and breaks off if it fails. */
const streamed = (
  incoming: IncomingRequest,
  response: HttpServerResponse.HttpServerResponse,
  failures: RouteFailures
): HttpServerResponse.HttpServerResponse => {
  const { body, headers } = response
  if (body._tag === "Empty" || body._tag === "Uint8Array") {
    return response
  }
  const form = body._tag === "FormData" ? new Response(body.formData) : undefined
  const bytes = form === undefined ? bytesOf(response) : bytesOfWeb(form)
  const contentType = form?.headers.get("content-type") ?? headers["content-type"] ?? ""
  const announced = headers["content-length"]
  const length = announced === undefined ? undefined : Number(announced)
  const whole = Stream.catchAllCause(length === undefined ? bytes : measured(bytes, length), (cause) =>
    Stream.fromEffect(Effect.zipRight(failures.add(incoming, brokenOff, cause), new ConnectionLost()))
  )
  return HttpServerResponse.setBody(response, HttpBody.stream(whole, contentType, length))
}

const brokenOff = "The body of its response failed, and the answer broke off"
