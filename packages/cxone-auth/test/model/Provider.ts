import { HttpClient, HttpClientError } from "@effect/platform"
import { Clock, Effect } from "effect"
import { respond } from "../support/VirtualAnswer.js"
import type { Answer, Recorder } from "./Trace.js"

/** How the identity provider behaves. */
export interface Behaviour {
  readonly mood: "up" | "503" | "reset" | "limited" | "junk" | "403" | "scope" | "same" | "ended"
  /** How long an answer takes, in ms; more than 10 s is more than the library waits for. */
  readonly latency: number
  /** In seconds, as `expires_in` says it; not said at all if `undefined`, which means an hour. */
  readonly lifetime: number | undefined
  /** In seconds; no header if `undefined`. */
  readonly retryAfter: number | undefined
  readonly accepts: string
}

export const wellBehaved: Behaviour = { mood: "up", latency: 0, lifetime: 3600, retryAfter: undefined, accepts: "A" }

/**
 * An identity provider that behaves as it is told at each request, and records every request with its answer. Take it in
 * virtual time, in which no Promise may be awaited; elsewhere take the simulator of cxone-auth-testkit.
 */
export const make = (recorder: Recorder, behaviour: () => Behaviour) => {
  let requests = 0
  const last = new Map<string, { readonly value: string; readonly expiresAt: number }>()

  return HttpClient.make((request) =>
    Effect.gen(function* () {
      const form = new URLSearchParams(
        request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      )
      const scopes = form.get("scope") ?? ""
      const secret = form.get("client_secret") ?? ""
      const id = ++requests
      const sentAt = yield* Clock.currentTimeMillis
      const plan = behaviour()
      recorder.record(sentAt, { tag: "request", id, scopes, secret })
      const conclude = (answer: Answer) =>
        Effect.map(Clock.currentTimeMillis, (now) => recorder.record(now, { tag: "answer", id, answer }))
      yield* Effect.onInterrupt(Effect.sleep(plan.latency), () => conclude({ tag: "aborted" }))

      const { retryAfter } = plan
      const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
      switch (plan.mood) {
        case "503":
          yield* conclude({ tag: "failed", retryAfter })
          return respond(request, 503, "busy", headers)
        case "reset":
          yield* conclude({ tag: "unreached" })
          return yield* new HttpClientError.RequestError({
            request,
            reason: "Transport",
            cause: { code: "ECONNRESET" }
          })
        case "limited":
          yield* conclude({ tag: "limited", retryAfter })
          return respond(request, 429, "slow down", headers)
        case "junk":
          yield* conclude({ tag: "junk", retryAfter })
          return respond(request, 200, "<h1>Maintenance</h1>", headers)
        case "403":
          yield* conclude({ tag: "junk", retryAfter })
          return respond(request, 403, "blocked", headers)
        case "scope":
          yield* conclude({ tag: "scope", retryAfter })
          return respond(request, 400, { error: "invalid_scope" }, headers)
        case "ended":
          yield* conclude({ tag: "ended", retryAfter })
          return respond(request, 200, { access_token: "old", expires_in: 0 }, headers)
      }
      if (secret !== plan.accepts) {
        yield* conclude({ tag: "refused" })
        return respond(request, 401, { error: "invalid_client" })
      }
      const now = yield* Clock.currentTimeMillis
      const old = last.get(scopes)
      const left = old === undefined ? 0 : Math.floor((old.expiresAt - now) / 1000)
      const isSame = plan.mood === "same" && old !== undefined && left >= 1
      const seconds = isSame ? left : plan.lifetime
      const value = isSame ? old.value : `token-${id}`
      const expiresAt = sentAt + (seconds ?? 3600) * 1000
      last.set(scopes, { value, expiresAt: isSame ? old.expiresAt : expiresAt })
      // The library refuses a token that has ended on its way, and asks again.
      const isAlive = now < expiresAt - Math.min(30_000, (expiresAt - sentAt) / 10)
      yield* conclude(
        isAlive
          ? { tag: "token", token: { value, obtainedAt: sentAt, expiresAt } }
          : { tag: "ended", retryAfter: undefined }
      )
      return respond(request, 200, {
        access_token: value,
        token_type: "Bearer",
        ...(seconds === undefined ? {} : { expires_in: seconds })
      })
    })
  )
}
