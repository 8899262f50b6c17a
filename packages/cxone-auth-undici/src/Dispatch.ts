/** One request through undici's `Dispatcher.dispatch`, and its answer. */

import type { IncomingHttpHeaders } from "node:http"
import * as Headers from "@effect/platform/Headers"
import { RequestError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { type Dispatcher, errors } from "undici"
import type { Waiting } from "./Connections.js"
import * as ContentCoding from "./ContentCoding.js"
import * as Description from "./Description.js"
import { onInterrupt } from "./Interruption.js"
import type { Proxies, Route } from "./Proxies.js"
import * as RequestBody from "./RequestBody.js"
import { mostHeld, ResponseBody } from "./ResponseBody.js"
import { UndiciResponse } from "./UndiciResponse.js"

/** How requests are sent: through which dispatchers, with which `User-Agent`, and how long the headers of an answer may take. */
export interface Sender {
  readonly proxies: Proxies
  readonly userAgent: string
  readonly timeOuts: Description.TimeOuts
}

class UnknownScheme extends TypeError {
  /** As Node names it. */
  readonly code = "ERR_INVALID_PROTOCOL"
  override readonly message = "the URL must begin with http:// or https://"
}

/** undici heeds it, and its types don't list it. */
interface WithServername extends Dispatcher.DispatchOptions {
  readonly servername: string
}

type Resume = (answer: Effect.Effect<HttpClientResponse, RequestError>) => void

/** Sends a request. Interrupting the caller aborts the request, and so does the signal, also after the answer. */
export const send = (
  sender: Sender,
  request: HttpClientRequest,
  url: URL,
  signal?: AbortSignal
): Effect.Effect<HttpClientResponse, RequestError> => {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    const cause = new UnknownScheme()
    return Effect.fail(new RequestError({ request, reason: "InvalidUrl", description: cause.message, cause }))
  }
  const body = RequestBody.make(request.body)
  return body instanceof RequestBody.Parts
    ? Effect.flatMap(Effect.runtime<never>(), (runtime) =>
        exchange(sender, request, url, new RequestBody.Upload(body, runtime, sender.timeOuts.headersTimeout), signal)
      )
    : exchange(sender, request, url, body, signal)
}

const exchange = (
  sender: Sender,
  request: HttpClientRequest,
  url: URL,
  body: RequestBody.Body | null,
  signal: AbortSignal | undefined
) =>
  Effect.suspend(() => {
    const upload = body instanceof RequestBody.Upload ? body : undefined
    const running = new Exchange(request, url, sender.timeOuts, upload, signal)
    const answer = Effect.async<HttpClientResponse, RequestError>((resume) => running.start(sender, body, resume))
    const abort = Effect.sync(() => running.abort(new Error("the request was interrupted")))
    return onInterrupt(answer, upload === undefined ? abort : Effect.zipRight(abort, upload.ended))
  })

const headersOf = ({ headers }: HttpClientRequest, userAgent: string, ofRoute: Route["headers"]): Array<string> => {
  const list: Array<string> = []
  for (const name in ofRoute) {
    if (name !== "host" || headers.host === undefined) {
      list.push(name, ofRoute[name] ?? "")
    }
  }
  for (const name in headers) {
    // It is for the proxy, whose credentials are in its URL. Without a proxy, the host would get it.
    if (name !== "proxy-authorization") {
      list.push(name, headers[name] ?? "")
    }
  }
  if (headers["accept-encoding"] === undefined) {
    // A part of a coded body can't be decoded (RFC 9110 §14.2), so none is asked for.
    list.push("accept-encoding", headers.range === undefined ? ContentCoding.accepted : "identity")
  }
  if (headers["user-agent"] === undefined) {
    list.push("user-agent", userAgent)
  }
  return list
}

/** An answer of more than this, or of unknown length, may wait for a reader who never comes. */
const endsByItself = (contentLength: string | undefined): boolean => Number(contentLength ?? mostHeld) < mostHeld

const abandoned = new FinalizationRegistry<ResponseBody>((body) =>
  body.abort(new Error("nobody holds the answer any more"))
)

const bodiless = (method: string, status: number): boolean => method === "HEAD" || status === 204 || status === 304

/** What undici tells of a request, until the body of its answer has ended. It holds no answer: see {@link abandoned}. */
class Exchange implements Dispatcher.DispatchHandler {
  #resume: Resume | undefined
  #route: Route | undefined
  #controller: Dispatcher.DispatchController | undefined
  #aborted: Error | undefined
  #body: ResponseBody | undefined
  #forgetSignal: (() => void) | undefined
  /** Where the request waits for a connection, until it has one. */
  #waiting: Waiting | undefined

  constructor(
    private readonly request: HttpClientRequest,
    private readonly url: URL,
    private readonly timeOuts: Description.TimeOuts,
    private readonly upload: RequestBody.Upload | undefined,
    private readonly signal: AbortSignal | undefined
  ) {}

  /** Sends the request, and resumes the caller once: with the answer, or with the failure. */
  start({ proxies, userAgent }: Sender, body: RequestBody.Body | null, resume: Resume): void {
    const { request, upload, url } = this
    this.#resume = resume
    this.#heedSignal()
    if (this.#aborted !== undefined) {
      return
    }
    if (upload !== undefined) {
      upload.onSilence = () => this.abort(new errors.HeadersTimeoutError())
    }
    // Some failures are thrown, others are told to the handler.
    try {
      const route = proxies.routeOf(url)
      this.#route = route
      const headers = headersOf(request, userAgent, route.headers)
      upload?.parts.describeIn(headers, request.headers)
      const path = url.pathname + url.search
      const options: WithServername = {
        origin: route.origin,
        path: route.isForwarded ? url.origin + path : path,
        method: request.method,
        headers,
        body,
        servername: route.servername,
        // An upload has a clock of its own.
        headersTimeout: upload === undefined ? null : 0
      }
      this.#waiting = route.waitingAt(route.origin)
      this.#waiting.enter()
      route.dispatcher.dispatch(options, this)
    } catch (cause) {
      this.fail(cause)
    }
  }

  /** A request that still waits for a connection is not sent any more. */
  abort(reason: Error): void {
    this.#aborted = reason
    this.#controller?.abort(reason)
    this.fail(reason)
  }

  fail(error: unknown): void {
    this.#forgetSignal?.()
    this.#stopWaiting()
    this.upload?.ignoreSilence()
    this.upload?.destroy()
    if (error instanceof errors.HTTPParserError) {
      // It holds what was sent in place of an answer, which may repeat the credentials of the request.
      Reflect.deleteProperty(error, "data")
    }
    const broken = this.upload?.failure
    const cause = broken === undefined ? error : Cause.squash(broken)
    this.#body?.fail(cause)
    this.#settle(
      broken !== undefined && Cause.isDie(broken)
        ? Effect.die(cause)
        : Effect.fail(new RequestError({ request: this.request, reason: "Transport", cause, ...this.describe(error) }))
    )
  }

  /** What a failure says in words, if that is known. The failure of a stream of the app's own is not described. */
  describe(cause: unknown): { readonly description?: string } {
    const { timeOuts, url } = this
    const { isForwarded = false, proxy } = this.#route ?? {}
    const description = Description.describe(cause, { host: url.host, proxy, isForwarded }, timeOuts)
    return description === undefined || this.upload?.failure !== undefined ? {} : { description }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#stopWaiting()
    if (this.#aborted !== undefined) {
      controller.abort(this.#aborted)
    }
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, fields: IncomingHttpHeaders): void {
    // 1xx are not the answer yet (RFC 9110 §15.2).
    if (status < 200) {
      this.upload?.heard()
      return
    }
    this.upload?.ignoreSilence()
    const proxy = this.#route?.proxy
    if (status === 407 && proxy !== undefined && this.#route?.isForwarded === true) {
      // In the words of undici, which says so of tunnels.
      this.abort(Object.assign(new Error("Proxy Authentication Required (407)"), proxy.address))
      return
    }
    const { request } = this
    const body = new ResponseBody()
    body.source = controller
    this.#body = body
    const headers = Headers.fromInput(fields)
    const coding = headers["content-encoding"]
    const isBodiless = bodiless(request.method, status)
    const codings = coding === undefined || status === 206 || isBodiless ? [] : ContentCoding.codingsOf(coding)
    const setCookie = fields["set-cookie"]
    const response = new UndiciResponse(
      request,
      status,
      codings.length === 0 ? headers : Headers.remove(headers, ["content-encoding", "content-length"]),
      typeof setCookie === "string" ? [setCookie] : (setCookie ?? []),
      body,
      codings,
      this
    )
    if (isBodiless) {
      // undici waits for as many bytes as `Content-Length` says, which here is the length of another answer (RFC 9110 §8.6).
      body.end()
    } else if (!endsByItself(headers["content-length"])) {
      abandoned.register(response, body)
    }
    this.#settle(Effect.succeed(response))
  }

  /** The answer to a CONNECT. The platform's types don't have this method, but JavaScript may use it. */
  onRequestUpgrade(): void {
    this.abort(new TypeError("an HttpClient opens no tunnel (CONNECT)"))
  }

  onResponseData(_: Dispatcher.DispatchController, part: Buffer): void {
    this.#body?.push(part)
  }

  onResponseEnd(): void {
    this.#forgetSignal?.()
    this.#controller = undefined
    this.#body?.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }

  #heedSignal(): void {
    const { signal } = this
    if (signal !== undefined) {
      const onAbort = () => this.abort(new Error("the scope of the request was closed"))
      signal.addEventListener("abort", onAbort)
      this.#forgetSignal = () => signal.removeEventListener("abort", onAbort)
      if (signal.aborted) {
        onAbort()
      }
    }
  }

  #stopWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.leave()
  }

  #settle(answer: Effect.Effect<HttpClientResponse, RequestError>): void {
    this.#resume?.(answer)
    this.#resume = undefined
  }
}
