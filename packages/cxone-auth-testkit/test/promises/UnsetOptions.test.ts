/**
 * An option that is `undefined` is as one that is left out. `Unset` names all options of a type, so that a new one has to be
 * tried here.
 */
import { describe, expect, it } from "@effect/vitest"
import { CxoneHttpClient } from "cxone-auth"
import {
  CxoneSimulator,
  defaultClient,
  defaultTenant,
  defaultUser,
  type Endpoint,
  Fault,
  type FaultAnswerInput,
  type InjectOptions,
  type Quota,
  type SimulatedAccessKey,
  type SimulatedAuthOptions,
  type SimulatedClient,
  type SimulatedTenant,
  type SimulatedUser,
  type SimulatorOptions,
  type SimulatorQuirks
} from "cxone-auth-testkit"
import { Effect, Layer } from "effect"

/** What may be left out of `Options`. A name that may be any name is left out. */
type Unset<Options> = {
  readonly [Name in keyof Options as string extends Name
    ? never
    : object extends Pick<Options, Name>
      ? Name
      : never]-?: undefined
}

const ofSimulator: Unset<SimulatorOptions> = {
  clients: undefined,
  tenants: undefined,
  tokenFormat: undefined,
  expiresIn: undefined,
  quirks: undefined,
  user: undefined,
  api: undefined,
  latency: undefined,
  quotas: undefined,
  maxRecordedBytes: undefined
}
const ofQuirks: Unset<SimulatorQuirks> = {
  idToken: undefined,
  refreshToken: undefined,
  answer: undefined,
  errors: undefined,
  configuration: undefined,
  apiEndpoint: undefined,
  basic: undefined
}
const ofClient: Unset<SimulatedClient> = {
  otherSecrets: undefined,
  grantTypes: undefined,
  authMethod: undefined,
  tokenLifetime: undefined
}
const ofTenant: Unset<SimulatedTenant> = { area: undefined, issuer: undefined }
const ofKey: Unset<SimulatedAccessKey> = { user: undefined }
const ofUser: Unset<SimulatedUser> = { id: undefined, name: undefined, email: undefined }
const ofQuota: Unset<Quota> = { method: undefined, on: undefined, route: undefined }
const ofAuth: Unset<SimulatedAuthOptions> = {
  way: undefined,
  tenant: undefined,
  client: undefined,
  clientAuth: undefined,
  scopes: undefined,
  policy: undefined,
  name: undefined
}
const ofFault: Unset<InjectOptions<Endpoint>> = {
  times: undefined,
  after: undefined,
  latency: undefined,
  path: undefined,
  method: undefined,
  tenant: undefined,
  client: undefined
}
const ofAnswer: Unset<FaultAnswerInput> = { headers: undefined, body: undefined }
const ofEndlessBody: Unset<NonNullable<Parameters<typeof Fault.endlessBody>[0]>> = {
  every: undefined,
  chunk: undefined
}
const ofTokenAnswer: Unset<Parameters<typeof Fault.tokenAnswer>[0]> = {
  scopes: undefined,
  lifetime: undefined,
  fields: undefined
}

/** What may be left out is left out, or is `undefined`. */
const optionsWith = (set: boolean): SimulatorOptions => ({
  clients: [{ ...defaultClient, ...(set ? ofClient : {}) }],
  tenants: [
    {
      ...defaultTenant,
      accessKeys: [{ ...defaultTenant.accessKeys[0], ...(set ? ofKey : {}) }],
      ...(set ? ofTenant : {})
    }
  ],
  quirks: set ? ofQuirks : {},
  quotas: [{ path: "/api/v2/users/me", limit: 2, per: "1 minute", ...(set ? ofQuota : {}) }]
})

const layerOf = (auth: SimulatedAuthOptions, options?: SimulatorOptions) =>
  CxoneHttpClient.layer().pipe(
    Layer.provide(CxoneSimulator.layerAuth(auth)),
    Layer.provideMerge(CxoneSimulator.layerTest(options))
  )

/** What two calls and the service show, the second of which takes a fault. */
const seen = (options: SimulatorOptions, auth: SimulatedAuthOptions, set: boolean) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const cxone = yield* CxoneHttpClient
    const user = yield* Effect.flatMap(cxone.get("/api/v2/users/me"), ({ text }) => text)
    yield* simulator.inject(Fault.respond({ status: 418, ...(set ? ofAnswer : {}) }), {
      on: "api",
      ...(set ? ofFault : {})
    })
    const fault = yield* Effect.flatMap(cxone.get("/api/v2/users/me"), ({ text }) => text)
    const requests = (yield* simulator.requests).map(({ bodyLength, isCut, method, status, url }) => [
      method,
      url,
      status,
      bodyLength,
      isCut
    ])
    const { area, issuer } = simulator.tenants[0]
    const forms = yield* simulator.forms
    return { area, issuer, env: simulator.env(set ? ofAuth : undefined), fault, forms, requests, user }
  }).pipe(Effect.provide(layerOf(auth, options)))

describe("an option that is undefined is as one that is left out", () => {
  it.effect("of the simulator", () =>
    Effect.gen(function* () {
      const scopes = "read:users"
      const expected = yield* seen({}, { scopes }, false)
      expect(expected.user).toBe(JSON.stringify(defaultUser))
      expect(expected.requests).toHaveLength(3)
      expect(yield* seen(ofSimulator, { ...ofAuth, scopes }, true)).toEqual(expected)
      expect(yield* seen(optionsWith(true), { ...ofAuth, scopes }, true)).toEqual(expected)
      expect(yield* seen(optionsWith(false), { scopes }, false)).toEqual(expected)
    })
  )

  it.effect("of an account, whose client asks for no scope", () => {
    const accountIn = (options: SimulatedAuthOptions) =>
      Effect.flatMap(CxoneSimulator, ({ forms }) => forms).pipe(
        Effect.zipLeft(Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/"))),
        Effect.provide(layerOf(options))
      )
    return Effect.gen(function* () {
      expect(yield* accountIn(ofAuth)).toEqual(yield* accountIn({}))
    })
  })

  it.effect("of a user", () => {
    const keyOf = (user: SimulatedUser) =>
      Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        return yield* (yield* cxone.get("/api/v2/users/me")).text
      }).pipe(Effect.provide(layerOf({ way: "accessKey" }, { user })))
    return Effect.gen(function* () {
      expect(yield* keyOf(ofUser)).toBe(yield* keyOf({}))
    })
  })

  it("of a fault", () => {
    expect(Fault.endlessBody(ofEndlessBody)).toEqual(Fault.endlessBody())
    expect(Fault.tokenAnswer(ofTokenAnswer)).toEqual(Fault.tokenAnswer({}))
    expect(Fault.respond({ status: 418, ...ofAnswer })).toEqual(Fault.respond({ status: 418 }))
    expect(Fault.earlyAnswer({ status: 418, ...ofAnswer })).toEqual(Fault.earlyAnswer({ status: 418 }))
  })
})
