import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Stream } from "effect"
import { cxoneConfiguration, jwt, kindOf, openIdConfiguration } from "../../support/FakeCxone.js"
import { type Recorder, type Route, routes } from "./Trace.js"

/** How a route of the API answers. */
export interface Behaviour {
  readonly mood:
    | "up"
    | "refuses"
    /** Refuses each token the first time that it sees it. */
    | "refuses once"
    /** Refuses a token until `arrival` ms after it was issued. */
    | "refuses young"
    /** Refuses every second request. */
    | "alternates"
    | "429"
    | "503"
    | "forbidden"
    | "scope"
  readonly arrival: number
  /** In seconds; no header if `undefined`. */
  readonly retryAfter: number | undefined
  /** How long an answer takes, in ms. */
  readonly latency: number
  readonly body: "whole" | "stalled" | "endless" | "cut"
  /** How many requests are answered so; after that, the route is up. */
  readonly lasts: number
}

export const up: Behaviour = {
  mood: "up",
  arrival: 0,
  retryAfter: undefined,
  latency: 0,
  body: "whole",
  lasts: Number.POSITIVE_INFINITY
}

/** How the identity provider behaves: with these credentials' tenant, after `latency` ms, or with a 429. */
export interface Provider {
  readonly tenant: "a" | "b"
  readonly latency: number
  /** In seconds; a token if `undefined`. */
  readonly retryAfter: number | undefined
}

export const hostOf = (tenant: string) => `https://api-${tenant}.niceincontact.com`

export const isSound = ({ latency, mood }: Behaviour): boolean =>
  mood === "up" || ((mood === "refuses once" || mood === "refuses young") && latency === 0)

const bytes = (text: string) => new TextEncoder().encode(text)

const filler = "x".repeat(20_000)

/** The parts of a body, with a pause in ms before each. All end some time, so that a caller who reads on gets all. */
const partsOf = (body: Behaviour["body"], text: string): ReadonlyArray<readonly [pause: number, part: string]> => {
  const [first, rest] = [text.slice(0, 8), text.slice(8)]
  switch (body) {
    case "whole":
      return [[0, text]]
    case "cut":
      return [[0, first]]
    case "stalled":
      return [
        [0, first],
        [30_000, rest]
      ]
    case "endless":
      return [[0, text], ...Array.from({ length: 8 }, () => [300, filler] as const)]
  }
}

/** Method and path without ids. */
const routeOf = ({ method, url }: HttpClientRequest.HttpClientRequest): Route | undefined => {
  const shape = new URL(url).pathname.replace(/\d+/, "{id}")
  return routes.find((route) => route === `${method} ${shape}`)
}

/** A CXone with two tenants: the documents of discovery, an identity provider and an API. It records what it is sent. */
export class Cxone {
  provider: Provider = { tenant: "a", latency: 0, retryAfter: undefined }
  readonly #behaviours = new Map<Route, Behaviour>()
  readonly #bodies = new Map<number, string>()
  readonly #issued = new Map<string, number>()
  readonly #revoked = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #counts = new Map<Route, number>()
  readonly #recorder: Recorder
  #requests = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  set(route: Route, behaviour: Behaviour): void {
    this.#behaviours.set(route, behaviour)
    this.#recorder.record({ tag: "route", route, isSound: isSound(behaviour), behaviour })
  }

  behaviourOf(route: Route): Behaviour {
    return this.#behaviours.get(route) ?? up
  }

  revoke(): void {
    for (const token of this.#issued.keys()) this.#revoked.add(token)
    this.#recorder.record({ tag: "revoke" })
  }

  /** Everything that the body of an answer held. */
  bodyOf(request: number): string {
    return this.#bodies.get(request) ?? ""
  }

  readonly client = HttpClient.make((request) => {
    switch (kindOf(request)) {
      case "openid":
        return Effect.succeed(this.#json(request, openIdConfiguration))
      case "configuration": {
        const tenant =
          new URL(request.url).searchParams.get("tenantId") ??
          request.urlParams.find(([key]) => key === "tenantId")?.[1]
        return Effect.succeed(this.#json(request, { ...cxoneConfiguration, api_endpoint: hostOf(String(tenant)) }))
      }
      case "token":
        return this.#token(request)
      case "api":
        return this.#api(request)
    }
  })

  #json(
    request: HttpClientRequest.HttpClientRequest,
    body: object,
    status = 200,
    headers: Record<string, string> = {}
  ) {
    return respond(request, status, headers, Stream.make(bytes(JSON.stringify(body))))
  }

  #token(request: HttpClientRequest.HttpClientRequest) {
    return Effect.gen(this, function* () {
      const form = new URLSearchParams(
        request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      )
      const tenant = form.get("username")?.replace("====", "") ?? ""
      const { latency, retryAfter } = this.provider
      this.#recorder.record({ tag: "token request" })
      yield* Effect.sleep(latency)
      if (retryAfter !== undefined) {
        this.#recorder.record({ tag: "no token", retryAfter })
        return this.#json(request, {}, 429, { "retry-after": String(retryAfter) })
      }
      const value = jwt({ tenantId: tenant, number: this.#issued.size + 1 })
      this.#recorder.record({ tag: "token", value: nameOf(value), tenant })
      this.#issued.set(nameOf(value), this.#recorder.events.at(-1)?.at ?? 0)
      return this.#json(request, { access_token: value, token_type: "Bearer", expires_in: 3600 })
    })
  }

  #api(request: HttpClientRequest.HttpClientRequest) {
    return Effect.gen(this, function* () {
      const id = ++this.#requests
      const route = routeOf(request)
      const token = nameOf((request.headers.authorization ?? "").replace("Bearer ", ""))
      if (route === undefined) return yield* Effect.dieMessage(`an unknown route: ${request.method} ${request.url}`)
      const { origin } = new URL(request.url)
      this.#recorder.record({ tag: "send", id, call: Number(request.headers["x-call"]), origin, route, token })
      const behaviour = this.behaviourOf(route)
      const status = this.#statusOf(route, behaviour, token)
      const lasts = behaviour.lasts - 1
      if (lasts > 0) this.#behaviours.set(route, { ...behaviour, lasts })
      else this.set(route, { ...up, latency: behaviour.latency })
      yield* Effect.onInterrupt(Effect.sleep(behaviour.latency), () =>
        Effect.sync(() => this.#recorder.record({ tag: "aborted", id }))
      )
      const isNotYet = status === 429 || status === 503
      const retryAfter = isNotYet ? behaviour.retryAfter : undefined
      const body = status === 200 && behaviour.body === "cut" ? "whole" : behaviour.body
      const code = behaviour.mood === "scope" ? "insufficient_scope" : "other"
      const parts = partsOf(body, JSON.stringify({ error: code, answer: id }))
      this.#bodies.set(id, parts.map(([, part]) => part).join(""))
      this.#recorder.record({ tag: "answer", id, status, retryAfter, body })
      const stream = Stream.mapEffect(Stream.fromIterable(parts), ([pause, part]) =>
        Effect.as(pause === 0 ? Effect.void : Effect.sleep(pause), bytes(part))
      )
      return respond(
        request,
        status,
        {
          "content-type": "application/json",
          "x-request": String(id),
          ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) })
        },
        body === "cut" ? (response) => Stream.concat(stream, cut(request, response)) : stream
      )
    })
  }

  #statusOf(route: Route, { arrival, mood }: Behaviour, token: string): number {
    const count = (this.#counts.get(route) ?? 0) + 1
    this.#counts.set(route, count)
    const age = (this.#recorder.events.at(-1)?.at ?? 0) - (this.#issued.get(token) ?? 0)
    const key = `${route} ${token}`
    const isNew = !this.#seen.has(key)
    this.#seen.add(key)
    if (mood === "429") return 429
    if (mood === "503") return 503
    if (this.#revoked.has(token)) return 401
    switch (mood) {
      case "refuses":
        return 401
      case "refuses once":
        return isNew ? 401 : 200
      case "refuses young":
        return age < arrival ? 401 : 200
      case "alternates":
        return count % 2 === 0 ? 401 : 200
      case "forbidden":
      case "scope":
        return 403
      default:
        return 200
    }
  }
}

/** A token in a trace: its tenant and its number. */
const nameOf = (token: string): string => {
  const [, claims = ""] = token.split(".")
  const { number, tenantId } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}")
  return `${tenantId}${number}`
}

const cut = (request: HttpClientRequest.HttpClientRequest, response: HttpClientResponse.HttpClientResponse) =>
  Stream.fail(new HttpClientError.ResponseError({ request, response, reason: "Decode" }))

type Body = Stream.Stream<Uint8Array, HttpClientError.ResponseError>

/** An answer whose body is read without a Promise, because virtual time does not wait for one. */
const respond = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  headers: Record<string, string>,
  body: Body | ((response: HttpClientResponse.HttpClientResponse) => Body)
): HttpClientResponse.HttpClientResponse => {
  const response = HttpClientResponse.fromWeb(request, new Response(null, { status, headers }))
  return Object.defineProperty(response, "stream", { value: typeof body === "function" ? body(response) : body })
}
