/**
 * A program of a user whose app is not an ES module. It requires the packages, and `effect` comes from its CommonJS
 * build, of which the packages use the other one. `scripts/package-check.mjs` runs it outside the repository.
 */
const assert = require("node:assert/strict")
const { CxoneHttpClient } = require("cxone-auth")
const { CxoneSimulator, Fault } = require("cxone-auth-testkit")
const { UndiciHttpClient } = require("cxone-auth-undici")
const { Effect, Layer } = require("effect")

const statusOrTag = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me")).pipe(
  Effect.map(({ status }) => status),
  Effect.catchTag("InvalidClient", ({ _tag }) => Effect.succeed(_tag))
)

const refused = Effect.flatMap(CxoneSimulator, ({ inject }) => inject(Fault.forgetClient, { on: "token" })).pipe(
  Effect.zipRight(statusOrTag)
)

/** A client with a token of its own. */
const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneSimulator.layerAuth({ scopes: "read:users" })),
  Layer.provide(UndiciHttpClient.layer())
)

Effect.runPromise(
  Effect.all([Effect.provide(statusOrTag, CxoneLayer), Effect.provide(refused, CxoneLayer)]).pipe(
    Effect.provide(CxoneSimulator.layerServer())
  )
).then((outcomes) => assert.deepEqual(outcomes, [200, "InvalidClient"]))
