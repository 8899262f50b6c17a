import { describe, expect, it } from "@effect/vitest"
import { Credentials, type CxoneAuthOptions, CxoneEnvironment } from "cxone-auth"
import { Cause, Effect, Redacted } from "effect"
import { accessKey, keyOnly, world } from "../support/DiscoveryWorld.js"
import * as Fake from "../support/FakeCxone.js"

describe("Compatibility: credentials that do not fit the environment", () => {
  const client = Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make("s3cr3t") })
  const wrong: ReadonlyArray<readonly [string, Partial<CxoneAuthOptions>, string]> = [
    ["an access key alone at the issuer", { credentials: keyOnly }, "needs a client"],
    ["a client with an access key in an area", { environment: CxoneEnvironment.area("na1") }, "access key alone"],
    ["a client alone at NICE's own issuer", { credentials: client }, "needs an access key beside the client"],
    [
      "an access key at the gateway, by its URL",
      {
        environment: CxoneEnvironment.custom({
          tokenEndpoint: "https://platform.nice-ic.com/oauth/token",
          apiBaseUrl: "https://platform.nice-ic.com"
        })
      },
      "takes a client alone"
    ],
    ["a client in an area", { credentials: client, environment: CxoneEnvironment.area("na1") }, "access key alone"],
    [
      "next credentials that do not fit",
      { credentials: Credentials.rotating({ current: accessKey(), next: keyOnly }) },
      "needs a client"
    ]
  ]

  it.scoped.each(wrong)("%s, as a value: building the layer is a defect", ([_, more, advice]) =>
    Effect.gen(function* () {
      const cause = yield* Effect.flip(Effect.sandbox(world(Fake.play(), more)))
      expect(Cause.pretty(cause)).toContain(`TypeError: CxoneAuth: `)
      expect(Cause.pretty(cause)).toContain(advice)
    })
  )

  it.scoped.each(wrong)(
    "%s, from an effect: the call is CredentialsUnavailable, and nothing is sent",
    ([_, more, advice]) =>
      Effect.gen(function* () {
        const { credentials = accessKey() } = more
        const { auth, kinds } = yield* world(Fake.play(), {
          ...more,
          credentials: Effect.isEffect(credentials) ? credentials : Effect.succeed(credentials)
        })
        const error = yield* Effect.flip(auth.accessToken)
        expect(error).toMatchObject({ _tag: "CredentialsUnavailable", reason: "unsuitable" })
        expect(error.message).toContain(advice)
        expect(yield* kinds).toEqual([])
      })
  )
})
