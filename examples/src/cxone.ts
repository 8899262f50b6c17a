/** CXone for code with promises: `cxone.getJson(path)`. Every call of the process uses this one, because it holds the token. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Cause, Duration, Effect, Exit, GlobalValue, Layer, ManagedRuntime, Predicate } from "effect"

/** Sends a request, and reads the JSON of the answer. A failure is logged here, and a caller that went away is none. */
const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function* () {
    const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
    const response = yield* cxone.execute(request)
    return yield* response.json
  }).pipe(
    Effect.timeout("30 seconds"),
    Effect.tapErrorCause((cause) => Effect.logError(`${request.method} ${request.url}`, cause))
  )

/** Turns a layer into functions that return promises. */
export const makeCxone = <R, E>(layer: Layer.Layer<R | CxoneAuth | CxoneHttpClient, E>) => {
  // `orDie`: a wrong setting is a mistake of the set-up, so no call has it among its errors.
  const runtime = ManagedRuntime.make(Layer.orDie(layer))
  const promise = async (request: HttpClientRequest.HttpClientRequest, signal?: AbortSignal): Promise<unknown> => {
    const exit = await runtime.runPromiseExit(send(request), { signal })
    if (Exit.isSuccess(exit)) return exit.value
    throw Cause.squash(exit.cause)
  }
  return {
    runtime,
    /** Builds the layer now, so that a wrong setting ends the process here and not at the first call. */
    start: () => runtime.runtime(),
    stop: () => runtime.dispose(),
    getJson: (path: string, signal?: AbortSignal) => promise(HttpClientRequest.get(path), signal),
    postJson: (path: string, body: unknown, signal?: AbortSignal) =>
      promise(HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), body), signal)
  }
}

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneAuth.layerFromEnv()),
  Layer.provide(FetchHttpClient.layer)
)

// `next dev` loads this module again after each change. `globalValue` keeps the first one.
export const cxone = GlobalValue.globalValue("app/cxone", () => makeCxone(CxoneLayer))

/** What a service answers its own caller. A tag that is missing here does not compile. */
const statuses: Record<Effect.Effect.Error<ReturnType<typeof send>>["_tag"], number> = {
  RateLimited: 503,
  TokenEndpointUnavailable: 503,
  CredentialsUnavailable: 503,
  TimeoutException: 504,
  RequestError: 502,
  ResponseError: 502,
  DiscoveryFailed: 502,
  InvalidTokenResponse: 502,
  InvalidClient: 502,
  InvalidToken: 502,
  InsufficientScope: 502,
  ForeignOrigin: 500
}

export const answerFor = (error: unknown) => {
  const tag = Predicate.hasProperty(error, "_tag") ? String(error._tag) : "Defect"
  const wait = Predicate.hasProperty(error, "retryAfter") ? error.retryAfter : undefined
  const headers: Record<string, string> = Duration.isDuration(wait)
    ? { "retry-after": String(Math.ceil(Duration.toSeconds(wait))) }
    : {}
  return { status: new Map(Object.entries(statuses)).get(tag) ?? 500, headers, body: { error: tag } }
}

/** Fires when the caller of the service goes away, so that the call to CXone ends as well. */
export const signalOf = (response: {
  readonly once: (event: "close", listener: () => void) => unknown
}): AbortSignal => {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  return gone.signal
}
