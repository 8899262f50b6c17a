/** Makes of a layer what code with promises needs: `getJson`, `sendJson`, and an answer for each error. */
import { HttpClient, HttpClientError, HttpClientRequest, type HttpMethod } from "@effect/platform"
import { type CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Cause, Duration, Effect, Exit, Layer, ManagedRuntime, Metric, Option, Predicate } from "effect"

/** For an alert: the calls that failed, by the error's tag. */
const failedCalls = Metric.counter("app_failed_calls", { incremental: true })

/** A 404 or the like is what CXone says of a path or a body. It must not wake anybody. */
const isAnswer = (error: unknown) =>
  HttpClientError.isHttpClientError(error) && error._tag === "ResponseError" && error.response.status < 500

/** Makes a call, and reads the JSON of the answer: `null` if that is empty. A failure is logged here; a caller that went away is none. */
const call = (method: HttpMethod.HttpMethod, path: string, body?: unknown) =>
  Effect.gen(function* () {
    const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
    const request = HttpClientRequest.make(method)(path)
    const response = yield* cxone.execute(
      body === undefined ? request : HttpClientRequest.bodyUnsafeJson(request, body)
    )
    return yield* response.json
  }).pipe(
    Effect.timeout("20 seconds"),
    Effect.tapError((error) =>
      isAnswer(error) ? Effect.void : Metric.increment(Metric.tagged(failedCalls, "error", error._tag))
    ),
    Effect.tapErrorCause((cause) =>
      Option.exists(Cause.failureOption(cause), isAnswer)
        ? Effect.logInfo(`${method} ${path}`, cause)
        : Effect.logError(`${method} ${path}`, cause)
    )
  )

/** Turns a layer into functions that return promises. */
export const makeCxone = <R, E>(layer: Layer.Layer<R | CxoneAuth | CxoneHttpClient, E>) => {
  // `orDie`: a wrong setting is a mistake of the set-up, so no call has it among its errors.
  const runtime = ManagedRuntime.make(Layer.orDie(layer))
  const promise = async <A, F>(effect: Effect.Effect<A, F, CxoneHttpClient>, signal?: AbortSignal): Promise<A> => {
    const exit = await runtime.runPromiseExit(effect, { signal })
    if (Exit.isSuccess(exit)) return exit.value
    throw Cause.squash(exit.cause)
  }
  return {
    runtime,
    /** Builds the layer now, so that a wrong setting ends the process here and not at the first call. */
    start: () => promise(beginAtZero),
    stop: () => runtime.dispose(),
    /** Runs an effect of your own. */
    run: promise,
    getJson: (path: string, signal?: AbortSignal) => promise(call("GET", path), signal),
    sendJson: (method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, signal?: AbortSignal) =>
      promise(call(method, path, body), signal)
  }
}

/** What a service answers its own caller. A tag that is missing here does not compile. */
const statuses: Record<Effect.Effect.Error<ReturnType<typeof call>>["_tag"], number> = {
  RateLimited: 503,
  TimeoutException: 504,
  CredentialsUnavailable: 502,
  RequestError: 502,
  ResponseError: 502,
  TokenEndpointUnavailable: 502,
  DiscoveryFailed: 502,
  InvalidTokenResponse: 502,
  InvalidClient: 502,
  InvalidToken: 502,
  InsufficientScope: 502,
  ForeignOrigin: 500
}

/** An alert on `increase` doesn't see the first count of a series that begins with it. */
const beginAtZero = Effect.forEach(
  Object.keys(statuses),
  (tag) => Metric.incrementBy(Metric.tagged(failedCalls, "error", tag), 0),
  { discard: true }
)

/** Reasons with which these pass by themselves. With any other, somebody must act. */
const passing: Partial<Record<string, ReadonlyArray<unknown>>> = {
  RequestError: ["Transport"],
  CredentialsUnavailable: ["failed", "timeout"],
  TokenEndpointUnavailable: ["transport", "timeout", "status"],
  DiscoveryFailed: ["transport", "timeout"],
  InvalidToken: ["too_many_renewals", "body_not_replayable"]
}

const isTransient = (status: unknown) =>
  typeof status === "number" && (status === 408 || status === 429 || status >= 500)

export const answerFor = (error: unknown) => {
  const tag = Predicate.hasProperty(error, "_tag") ? String(error._tag) : "Defect"
  const wait = Predicate.hasProperty(error, "retryAfter") ? error.retryAfter : undefined
  const headers: Record<string, string> = Duration.isDuration(wait)
    ? { "retry-after": String(Math.ceil(Duration.toSeconds(wait))) }
    : {}
  const reason = Predicate.hasProperty(error, "reason") ? error.reason : undefined
  const isAway = tag === "DiscoveryFailed" && Predicate.hasProperty(error, "status") && isTransient(error.status)
  const status = isAway || passing[tag]?.includes(reason) ? 503 : (new Map(Object.entries(statuses)).get(tag) ?? 500)
  return { status, headers, body: { error: tag } }
}

/** Fires when the caller of the service goes away, so that the call to CXone ends as well. */
export const signalOf = (response: {
  readonly once: (event: "close", listener: () => void) => unknown
}): AbortSignal => {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  return gone.signal
}
