import { HttpClient, type HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneHttpClient } from "cxone-auth"
import { Duration, Effect, Either } from "effect"
import { after, bearerOf, ended, invalidToken, notYet, world } from "../support/ClientWorld.js"
import * as ScopesWorld from "../support/ScopesWorld.js"
import { json, type Sent } from "../support/ScriptedHttpClient.js"

describe("CallOptions: a single call may say otherwise than its client", () => {
  describe("C4: withCallOptions", () => {
    it.scoped("a call fails where its client waits, and waits where its client fails", () =>
      Effect.gen(function* () {
        const waiting = yield* world({
          api: after(() => notYet("7")),
          options: { onRateLimited: { wait: "1 minute" } }
        })
        const failed = yield* ended(
          waiting.client.get("/x").pipe(CxoneHttpClient.withCallOptions({ onRateLimited: "fail" }))
        )
        expect(Either.isLeft(failed)).toBe(true)
        const failing = yield* world({ api: after(() => notYet("7")) })
        const waited = yield* ended(
          failing.client.get("/x").pipe(CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "10 seconds" } }))
        )
        expect(Either.isRight(waited)).toBe(true)
      })
    )

    it.scoped("the innermost value counts, for each option by itself", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: after(() => notYet("7")) })
        const call = client
          .post("/x")
          .pipe(
            CxoneHttpClient.withCallOptions({ idempotent: true }),
            CxoneHttpClient.withScopes("write:users"),
            CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "10 seconds" } }),
            CxoneHttpClient.withCallOptions({ idempotent: false }),
            CxoneHttpClient.withCallOptions({ onRateLimited: "fail" })
          )
        expect(Either.isRight(yield* ended(call))).toBe(true)
        expect((yield* apiCalls).length).toBe(2)
      })
    )

    it.scoped("they are merged, and an option that is undefined is as further out", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: after(() => notYet("7")) })
        const call = client
          .post("/x")
          .pipe(
            CxoneHttpClient.withCallOptions({ idempotent: true }),
            CxoneHttpClient.withCallOptions({ onRateLimited: undefined, scopes: "write:users" }),
            CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "10 seconds" }, scopes: "outer" })
          )
        expect(Either.isRight(yield* ended(call))).toBe(true)
        expect((yield* apiCalls).length).toBe(2)
      })
    )

    it.scoped("the effect may stand first, and a client takes them through transformResponse", () =>
      Effect.gen(function* () {
        const { client } = yield* world({
          api: after(
            () => notYet("7"),
            () => json({}),
            () => notYet("7")
          )
        })
        const wait = { onRateLimited: { wait: "10 seconds" } } as const
        expect(Either.isRight(yield* ended(CxoneHttpClient.withCallOptions(client.get("/x"), wait)))).toBe(true)
        const patient = HttpClient.transformResponse(client, CxoneHttpClient.withCallOptions(wait))
        expect(Either.isRight(yield* ended(patient.get("/x")))).toBe(true)
      })
    )

    it.each(["-1 second", -1, Number.NaN, "soon", "25 days", Duration.infinity])("wait: %s throws at once", (wait) => {
      // Plain JavaScript may pass any value.
      const onRateLimited = { wait: wait as Duration.DurationInput }
      expect(() => CxoneHttpClient.withCallOptions({ onRateLimited })).toThrow(
        /^CxoneHttpClient: onRateLimited\.wait is /
      )
      expect(() => CxoneHttpClient.layer({ onRateLimited })).toThrow(TypeError)
    })
  })

  describe("L2: withScopes", () => {
    const echoScopes = (_: Sent, scopes: string) => json(scopes)

    const scopesSeen = <E, R>(response: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
      Effect.flatMap(response, ({ json }) => json)

    it.scoped("the scopes are those of CxoneAuth, unless the client has its own", () =>
      Effect.gen(function* () {
        const broad = yield* ScopesWorld.world(echoScopes)
        expect(yield* scopesSeen(broad.cxone.get("/x"))).toBe("broad")
        const narrow = yield* ScopesWorld.world(echoScopes, { scopes: ["b", "a"] })
        expect(yield* scopesSeen(narrow.cxone.get("/x"))).toBe("a b")
        expect(yield* scopesSeen(narrow.plain.get("/x"))).toBe("a b")
        expect(yield* narrow.scopes).toEqual(["a b"])
      })
    )

    it.scoped("a call may have its own scopes; each set of scopes has one token for all clients", () =>
      Effect.gen(function* () {
        const { cxone, plain, scopes } = yield* ScopesWorld.world(echoScopes, { scopes: "client" })
        const asAdmin = CxoneHttpClient.withScopes(["admin", "read"])
        expect(yield* asAdmin(scopesSeen(cxone.get("/x")))).toBe("admin read")
        expect(yield* CxoneHttpClient.withScopes("read admin")(scopesSeen(plain.get("/x")))).toBe("admin read")
        expect(yield* CxoneHttpClient.withScopes(scopesSeen(cxone.get("/x")), "read admin")).toBe("admin read")
        expect(yield* scopesSeen(cxone.get("/x"))).toBe("client")
        expect(yield* scopes).toEqual(["admin read", "client"])
      })
    )

    it.scoped("withScopes on a client applies to each of its requests", () =>
      Effect.gen(function* () {
        const { cxone } = yield* ScopesWorld.world(echoScopes)
        const admin = HttpClient.transformResponse(cxone, CxoneHttpClient.withScopes("admin"))
        expect(yield* scopesSeen(admin.get("/x"))).toBe("admin")
        expect(yield* scopesSeen(cxone.get("/x"))).toBe("broad")
      })
    )

    it.scoped("two calls at once with different scopes never share a token", () =>
      Effect.gen(function* () {
        const { cxone } = yield* ScopesWorld.world(echoScopes)
        const wanted = Array.from({ length: 50 }, (_, n) => `s${n % 5}`)
        const seen = yield* Effect.forEach(
          wanted,
          (scope) => CxoneHttpClient.withScopes(scope)(scopesSeen(cxone.get("/x"))),
          { concurrency: "unbounded" }
        )
        expect(seen).toEqual(wanted)
      })
    )

    it.scoped("C2: a scoped token that is refused is renewed with the same scopes, and the others stay", () =>
      Effect.gen(function* () {
        const refused = new Set<string>()
        const { apiCalls, cxone, scopes } = yield* ScopesWorld.world((sent, granted) =>
          refused.has(bearerOf(sent)) ? invalidToken() : json(granted)
        )
        const admin = CxoneHttpClient.withScopes("admin")(scopesSeen(cxone.get("/x")))
        yield* scopesSeen(cxone.get("/x"))
        yield* admin
        refused.add("t2")
        expect(yield* admin).toBe("admin")
        expect(yield* scopesSeen(cxone.get("/x"))).toBe("broad")
        expect(yield* scopes).toEqual(["broad", "admin", "admin"])
        expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2", "t2", "t3", "t1"])
      })
    )
  })
})
