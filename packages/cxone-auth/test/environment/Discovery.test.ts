import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { Duration, Effect, Exit, Fiber, Option, Redacted, Ref, TestClock } from "effect"
import { accessKey, keyOnly, urlsOf, world } from "../support/DiscoveryWorld.js"
import * as Fake from "../support/FakeCxone.js"
import { json, type Sent } from "../support/ScriptedHttpClient.js"

describe("Discovery: from the issuer to the API", () => {
  it.scoped("asks the issuer for the token endpoint, and its tenant's configuration for the API, each once", () =>
    Effect.gen(function* () {
      const { cxone, sent } = yield* world(Fake.play())
      yield* cxone.get("/incontactAPI/services/v33.0/server-time")
      yield* cxone.get("/incontactAPI/services/v33.0/skills")
      expect(urlsOf(yield* sent)).toEqual([
        `GET ${Fake.issuer}/.well-known/openid-configuration`,
        `POST ${Fake.issuer}/auth/token`,
        `GET ${Fake.issuer}/.well-known/cxone-configuration?tenantId=tenant-1`,
        `GET ${Fake.apiHost}/incontactAPI/services/v33.0/server-time`,
        `GET ${Fake.apiHost}/incontactAPI/services/v33.0/skills`
      ])
    })
  )

  it.scoped(
    "C1: only the API gets the token, only the token endpoint gets the credentials, and the documents get neither",
    () =>
      Effect.gen(function* () {
        const { cxone, sent } = yield* world(Fake.play())
        yield* cxone.get("/x")
        const [openid, token, configuration, api] = yield* sent
        for (const { body, request } of [openid, configuration].flatMap((each) => each ?? [])) {
          expect(request.headers.authorization).toBeUndefined()
          expect(request.headers.accept).toBe("application/json")
          expect(request.headers.traceparent).toBeUndefined()
          expect(body).toBe("")
        }
        expect(token?.request.headers.authorization).toMatch(/^Basic /)
        expect(api?.request.headers.authorization).toBe(`Bearer ${Fake.tokenAnswer().access_token}`)
      })
  )

  it.scoped("the token names its tenant, and shows it when it is printed", () =>
    Effect.gen(function* () {
      const { auth } = yield* world(Fake.play())
      const token = yield* auth.accessToken
      expect(token.tenant).toEqual({ tenantId: "tenant-1", issuer: Fake.issuer })
      expect(JSON.stringify(token)).toContain("tenant-1")
      expect(token.scopes).toEqual([])
    })
  )

  it.scoped("the old host that an access token names as its issuer is never asked", () =>
    Effect.gen(function* () {
      const { id_token: _, ...withoutIdToken } = Fake.tokenAnswer()
      const { auth, sent } = yield* world(Fake.play({ token: () => json(withoutIdToken) }))
      expect(yield* auth.apiBaseUrl).toBe(`${Fake.apiHost}/`)
      expect((yield* auth.accessToken).tenant).toEqual({ tenantId: "tenant-1" })
      expect(urlsOf(yield* sent).filter((url) => url.includes(new URL(Fake.oldHost).host))).toEqual([])
    })
  )

  it.scoped.each([
    ["another host of NICE's", "https://cxone-gov.niceincontact.com", "https://cxone-gov.niceincontact.com"],
    ["a sovereign cloud's", "https://nicecxone-sov1.eu", "https://nicecxone-sov1.eu"],
    ["another company's", "https://evil.example", Fake.issuer],
    ["a similar host name", "https://cxone.niceincontact.com.evil.example", Fake.issuer],
    ["plain http", "http://cxone.niceincontact.com", Fake.issuer],
    ["not a URL", "cxone", Fake.issuer],
    ["a URL with a path", "https://cxone-gov.niceincontact.com/auth", Fake.issuer]
  ])("the tenant's configuration is asked for at the right host if the id token's issuer is %s", ([_, iss, host]) =>
    Effect.gen(function* () {
      const answer = { ...Fake.tokenAnswer(), id_token: Fake.jwt({ iss, tenantId: "t" }) }
      const { auth, sent } = yield* world(Fake.play({ token: () => json(answer) }))
      yield* auth.apiBaseUrl
      expect(urlsOf(yield* sent)).toContain(`GET ${host}/.well-known/cxone-configuration?tenantId=t`)
    })
  )

  it.scoped("a token without a tenant is valid, but apiBaseUrl is a DiscoveryFailed that names the setting", () =>
    Effect.gen(function* () {
      const { auth, kinds } = yield* world(Fake.play({ token: () => json({ access_token: "opaque" }) }))
      expect(Redacted.value((yield* auth.accessToken).value)).toBe("opaque")
      const error = yield* Effect.flip(auth.apiBaseUrl)
      expect(error).toMatchObject({ _tag: "DiscoveryFailed", reason: "no_tenant", document: "cxone-configuration" })
      expect(error.message).toContain("CXONE_API_BASE_URL")
      expect(yield* kinds).toEqual(["openid", "token"])
    })
  )

  it.scoped("at an issuer no scope is sent unless the app asks for one, for any credentials", () =>
    Effect.gen(function* () {
      const client = Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make("s3cr3t") })
      const issuer = "https://identity.example.com"
      const token_endpoint = `${issuer}/token`
      const ofAnother = Fake.play({ openid: () => json({ issuer, token_endpoint }) })
      for (const credentials of [client, Effect.succeed(client), Effect.succeed(accessKey())]) {
        const { auth, sent } = yield* world(ofAnother, {
          credentials,
          environment: CxoneEnvironment.discover({ issuer })
        })
        yield* auth.accessToken
        expect((yield* sent).map(({ body }) => new URLSearchParams(body).has("scope"))).toEqual([false, false])
      }
    })
  )

  it.scoped("a token without a tenant, or for other scopes, leaves the known tenant in place", () =>
    Effect.gen(function* () {
      const given = yield* Ref.make(accessKey("ONE===="))
      const { auth, cxone, sent } = yield* world(
        Fake.play({
          token: (index, { body }) =>
            json(
              index === 1
                ? { access_token: "opaque", expires_in: 3600 }
                : Fake.tokenAnswer(body.includes("ONE") ? "tenant-1" : "tenant-2")
            ),
          configuration: (_, { url }) => json({ api_endpoint: `https://api-${url.slice(-1)}.niceincontact.com` })
        }),
        { credentials: Ref.get(given) }
      )
      yield* cxone.get("/1")
      yield* auth.invalidate(yield* auth.accessToken)
      yield* cxone.get("/2")
      yield* auth.invalidate(yield* auth.accessToken)
      yield* cxone.get("/3")
      yield* Ref.set(given, accessKey("TWO===="))
      yield* auth.accessTokenFor("read:users")
      yield* cxone.get("/4")
      const calls = (yield* sent).filter((each) => Fake.kindOf(each) === "api")
      const first = Fake.tokenAnswer("tenant-1").access_token
      expect(calls.map(({ request, url }) => `${url} ${request.headers.authorization}`)).toEqual([
        `https://api-1.niceincontact.com/1 Bearer ${first}`,
        "https://api-1.niceincontact.com/2 Bearer opaque",
        `https://api-1.niceincontact.com/3 Bearer ${first}`,
        `https://api-1.niceincontact.com/4 Bearer ${first}`
      ])
    })
  )

  it.scoped("at a custom endpoint no scope is sent for an access key from an effect, unless the app asks for one", () =>
    Effect.gen(function* () {
      const environment = CxoneEnvironment.custom({
        tokenEndpoint: `${Fake.issuer}/auth/token`,
        apiBaseUrl: Fake.apiHost
      })
      for (const credentials of [accessKey(), keyOnly]) {
        const { auth, sent } = yield* world(Fake.play(), { environment, credentials: Effect.succeed(credentials) })
        const token = yield* auth.accessToken
        expect((yield* sent).map(({ body }) => body.includes("scope"))).toEqual([false])
        yield* auth.invalidate(token)
        yield* auth.accessToken
        expect((yield* sent).length).toBe(2)
      }
    })
  )

  it.scoped("with apiBaseUrl no tenant's configuration is asked for", () =>
    Effect.gen(function* () {
      const environment = CxoneEnvironment.discover({ apiBaseUrl: "https://api-eu1.niceincontact.com" })
      const { auth, cxone, kinds } = yield* world(Fake.play(), { environment })
      expect(yield* auth.apiBaseUrl).toBe("https://api-eu1.niceincontact.com/")
      expect(yield* kinds).toEqual([])
      yield* cxone.get("/x")
      expect(yield* kinds).toEqual(["openid", "token", "api"])
    })
  )

  it.scoped.each([
    ["https://api-na1.niceincontact.com", "https://api-na1.niceincontact.com/x"],
    ["https://api-na1.niceincontact.com/", "https://api-na1.niceincontact.com/x"],
    ["https://gateway.example/cxone", "https://gateway.example/cxone/x"],
    ["https://gateway.example/cxone/", "https://gateway.example/cxone/x"],
    ["api-au1.niceincontact.com", "https://api-au1.niceincontact.com/x"],
    ["gateway.example:8443/cxone", "https://gateway.example:8443/cxone/x"]
  ])("C1: api_endpoint %s is the base of relative URLs", ([api_endpoint, called]) =>
    Effect.gen(function* () {
      const { cxone, sent } = yield* world(Fake.play({ configuration: () => json({ api_endpoint }) }))
      yield* cxone.get("x")
      expect(urlsOf(yield* sent).at(-1)).toBe(`GET ${called}`)
    })
  )
})

it.scoped("a configuration with area and domain alone says where the API is", () =>
  Effect.gen(function* () {
    const configuration = () => json({ area: "au1", domain: "niceincontact.com", acdDomain: "nice-incontact.com" })
    const { auth } = yield* world(Fake.play({ configuration }))
    expect(yield* auth.apiBaseUrl).toBe("https://api-au1.niceincontact.com/")
  })
)

describe("L6: what discovery could not find is asked for anew, after a pause", () => {
  const opaque = (lifetime = 3600) => json({ access_token: "opaque", expires_in: lifetime })
  const callEvery100ms = (seconds: number, call: Effect.Effect<unknown>) =>
    Effect.repeatN(Effect.zipRight(Effect.fork(call), TestClock.adjust("100 millis")), seconds * 10 - 1)

  it.scoped("the first token names no tenant, and a later one does", () =>
    Effect.gen(function* () {
      const token = (index: number) => (index < 2 ? opaque() : json(Fake.tokenAnswer()))
      const { cxone, count } = yield* world(Fake.play({ token }))
      const error = yield* Effect.flip(cxone.get("/x"))
      expect(error).toMatchObject({ reason: "no_tenant", retryAfter: Duration.seconds(1) })
      yield* TestClock.adjust("999 millis")
      expect(yield* Effect.flip(cxone.get("/x"))).toMatchObject({ retryAfter: Duration.millis(1) })
      expect(yield* count("token")).toBe(1)
      yield* TestClock.adjust("1 millis")
      expect(yield* Effect.flip(cxone.get("/x"))).toMatchObject({ retryAfter: Duration.seconds(2) })
      yield* TestClock.adjust("2 seconds")
      expect((yield* cxone.get("/x")).status).toBe(200)
      expect(yield* count("token")).toBe(3)
    })
  )

  it.scoped("no token ever names a tenant: one exchange each pause, and the token itself stays of use", () =>
    Effect.gen(function* () {
      const { auth, cxone, count } = yield* world(Fake.play({ token: () => opaque() }))
      yield* callEvery100ms(60, Effect.either(cxone.get("/x")))
      expect(yield* count("token")).toBeLessThanOrEqual(6)
      expect(yield* count("token")).toBeGreaterThan(4)
      expect((yield* auth.accessToken).tenant).toBeUndefined()
    })
  )

  it.scoped("the first token's tenant has no configuration, and a later token has another tenant", () =>
    Effect.gen(function* () {
      const { cxone, count } = yield* world(
        Fake.play({
          token: (index) => json({ ...Fake.tokenAnswer(index === 0 ? "dead" : "tenant-1"), expires_in: 2 }),
          configuration: (_, { url }) =>
            url.endsWith("dead") ? new Response("{}", { status: 404 }) : json(Fake.cxoneConfiguration)
        })
      )
      expect(yield* Effect.flip(cxone.get("/x"))).toMatchObject({ reason: "status", status: 404 })
      yield* TestClock.adjust("2 seconds")
      expect((yield* cxone.get("/x")).status).toBe(200)
      expect(yield* count("token")).toBe(2)
    })
  )

  it.scoped.each<readonly [string, Fake.Kind]>([
    ["the issuer's document", "openid"],
    ["the tenant's configuration", "configuration"]
  ])("a loop of callers gets one request a pause out of a 404: %s", ([_, kind]) =>
    Effect.gen(function* () {
      const { cxone, count } = yield* world(Fake.play({ [kind]: () => new Response("", { status: 404 }) }))
      yield* callEvery100ms(60, Effect.either(cxone.get("/x")))
      expect(yield* count(kind)).toBeLessThanOrEqual(6)
      expect(yield* count(kind)).toBeGreaterThan(4)
      expect(yield* count("token")).toBeLessThanOrEqual(1)
    })
  )
})

describe("L10: a token goes only to the API of the tenant that it was issued for", () => {
  const rotation = (answer: (body: string, index: number) => object) =>
    Effect.gen(function* () {
      const given = yield* Ref.make(accessKey("ONE===="))
      const { auth, cxone, sent } = yield* world(
        Fake.play({
          token: (index, { body }) => json(answer(body, index)),
          configuration: (_, { url }) => json({ api_endpoint: `https://api-${url.slice(-1)}.niceincontact.com` })
        }),
        { credentials: Ref.get(given) }
      )
      const calls = Effect.map(sent, (all) => all.filter((each) => Fake.kindOf(each) === "api").map(({ url }) => url))
      return { auth, cxone, calls, rotate: Ref.set(given, accessKey("TWO====")) }
    })
  const named = (body: string, index: number) => {
    const tenantId = body.includes("ONE") ? "tenant-1" : "tenant-2"
    return { ...Fake.tokenAnswer(tenantId), access_token: Fake.jwt({ tenantId, index }) }
  }

  it.scoped("scoped tokens, before and after the rotation", () =>
    Effect.gen(function* () {
      const { auth, calls, cxone, rotate } = yield* rotation(named)
      const get = (path: string, scopes: string) => CxoneHttpClient.withScopes(cxone.get(path), scopes)
      yield* cxone.get("/1")
      yield* get("/2", "s1")
      yield* rotate
      yield* get("/3", "s2")
      yield* auth.invalidate(yield* auth.accessToken)
      yield* cxone.get("/4")
      yield* get("/5", "s1")
      expect(yield* calls).toEqual([
        "https://api-1.niceincontact.com/1",
        "https://api-1.niceincontact.com/2",
        "https://api-2.niceincontact.com/3",
        "https://api-2.niceincontact.com/4",
        "https://api-1.niceincontact.com/5"
      ])
      expect(yield* auth.apiBaseUrl).toBe("https://api-2.niceincontact.com/")
    })
  )

  it.scoped("a token of another access key that names no tenant goes nowhere", () =>
    Effect.gen(function* () {
      const { calls, cxone, rotate } = yield* rotation((body, index) =>
        body.includes("ONE") ? named(body, index) : { access_token: "opaque", expires_in: 3600 }
      )
      yield* cxone.get("/1")
      yield* rotate
      const error = yield* Effect.flip(CxoneHttpClient.withScopes(cxone.get("/2"), "s1"))
      expect(error).toMatchObject({ _tag: "DiscoveryFailed", reason: "no_tenant" })
      expect(yield* calls).toEqual(["https://api-1.niceincontact.com/1"])
    })
  )
})

describe("Discovery: what was found is shared and kept", () => {
  it.scoped("L2: 10,000 calls on a cold layer ask for each document once", () =>
    Effect.gen(function* () {
      const slow = (answer: () => Response) => () => Effect.delay(Effect.sync(answer), "1 second")
      const { cxone, count } = yield* world(
        Fake.play({
          openid: slow(() => json(Fake.openIdConfiguration)),
          token: slow(() => json(Fake.tokenAnswer())),
          configuration: slow(() => json(Fake.cxoneConfiguration))
        })
      )
      const calls = yield* Effect.forkAll(Array.from({ length: 10_000 }, () => cxone.get("/x")))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(calls)
      expect([yield* count("openid"), yield* count("token"), yield* count("configuration")]).toEqual([1, 1, 1])
      expect(yield* count("api")).toBe(10_000)
    })
  )

  it.scoped("L2: two sets of scopes share one request to the issuer", () =>
    Effect.gen(function* () {
      const { auth, count } = yield* world(
        Fake.play({
          openid: () =>
            Effect.delay(
              Effect.sync(() => json(Fake.openIdConfiguration)),
              "1 second"
            )
        })
      )
      const both = yield* Effect.fork(
        Effect.all([auth.accessTokenFor("a"), auth.accessTokenFor("b")], { concurrency: 2 })
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(both)
      expect([yield* count("openid"), yield* count("token")]).toEqual([1, 2])
    })
  )

  it.scoped(
    "L3: a caller that is interrupted does not disturb the others, and closing the layer ends the request and its waiters",
    () =>
      Effect.gen(function* () {
        const { auth, close, count } = yield* world(
          Fake.play({
            configuration: () =>
              Effect.delay(
                Effect.sync(() => json(Fake.cxoneConfiguration)),
                "1 second"
              )
          })
        )
        const first = yield* Effect.fork(auth.apiBaseUrl)
        const second = yield* Effect.fork(auth.apiBaseUrl)
        yield* TestClock.adjust("500 millis")
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("500 millis")
        expect(yield* Fiber.join(second)).toBe(`${Fake.apiHost}/`)
        expect(yield* count("configuration")).toBe(1)

        const isEnded = yield* Ref.make(false)
        const other = yield* world(
          Fake.play({ configuration: () => Effect.onInterrupt(Effect.never, () => Ref.set(isEnded, true)) })
        )
        const waiting = yield* Effect.fork(other.auth.apiBaseUrl)
        yield* TestClock.adjust("1 second")
        yield* other.close
        yield* TestClock.adjust("1 second")
        expect(Option.exists(yield* Fiber.poll(waiting), Exit.isInterrupted)).toBe(true)
        expect(yield* Ref.get(isEnded)).toBe(true)
        yield* close
      })
  )

  it.scoped("after one hour the document is asked for again in the background, and calls go on with the old one", () =>
    Effect.gen(function* () {
      const moved = "https://api-eu1.niceincontact.com"
      const { auth, count } = yield* world(
        Fake.play({ configuration: (index) => json({ api_endpoint: index === 0 ? Fake.apiHost : moved }) })
      )
      yield* auth.apiBaseUrl
      yield* TestClock.adjust("59 minutes")
      yield* auth.apiBaseUrl
      yield* TestClock.adjust("0 millis")
      expect(yield* count("configuration")).toBe(1)
      yield* TestClock.adjust("1 minutes")
      expect(yield* auth.apiBaseUrl).toBe(`${Fake.apiHost}/`)
      yield* TestClock.adjust("0 millis")
      expect(yield* auth.apiBaseUrl).toBe(`${moved}/`)
      expect(yield* count("configuration")).toBe(2)
    })
  )

  it.scoped("L6: a known document is not asked for again until its server's Retry-After has passed", () =>
    Effect.gen(function* () {
      const busy = () => new Response("", { status: 503, headers: { "retry-after": "600" } })
      const { auth, count } = yield* world(
        Fake.play({ configuration: (index) => (index === 1 ? busy() : json(Fake.cxoneConfiguration)) })
      )
      const look = Effect.zipLeft(auth.apiBaseUrl, TestClock.adjust("1 second"))
      yield* look
      yield* TestClock.adjust("1 hour")
      yield* look
      expect(yield* count("configuration")).toBe(2)
      yield* TestClock.adjust("590 seconds")
      yield* look
      expect(yield* count("configuration")).toBe(2)
      yield* TestClock.adjust("10 seconds")
      yield* look
      expect(yield* count("configuration")).toBe(3)
    })
  )

  it.scoped("L5: an outage of both documents fails no call, and they are asked for at most every 30 s", () =>
    Effect.gen(function* () {
      const isDown = yield* Ref.make(false)
      const orDown = (answer: () => Response) => () =>
        Effect.map(Ref.get(isDown), (down) => (down ? new Response("", { status: 404 }) : answer()))
      const { cxone, count } = yield* world(
        Fake.play({
          openid: orDown(() => json(Fake.openIdConfiguration)),
          configuration: orDown(() => json(Fake.cxoneConfiguration))
        })
      )
      yield* cxone.get("/x")
      yield* Ref.set(isDown, true)
      for (let minute = 0; minute < 180; minute++) {
        yield* TestClock.adjust("40 seconds")
        yield* cxone.get("/x")
        yield* TestClock.adjust("20 seconds")
        yield* cxone.get("/x")
      }
      expect(yield* count("api")).toBe(361)
      // After its first hour calls ask for the configuration at most every 30 s; only renewals ask for the other document.
      expect(yield* count("configuration")).toBeLessThanOrEqual(122)
      expect(yield* count("openid")).toBeLessThanOrEqual(4)
      expect(yield* count("token")).toBe(4)
    })
  )

  it.scoped("L12: a clock that was set back ends the document's hour", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000_000)
      const { auth, count } = yield* world(Fake.play())
      yield* auth.apiBaseUrl
      yield* TestClock.setTime(900_000_000)
      yield* auth.apiBaseUrl
      yield* TestClock.adjust("0 millis")
      expect(yield* count("configuration")).toBe(2)
    })
  )

  it.scoped(
    "L10: with credentials of another tenant calls go to that tenant's API, and no token goes to the wrong one",
    () =>
      Effect.gen(function* () {
        const given = yield* Ref.make(accessKey("ONE===="))
        const tenantOf = ({ body }: Sent) => (body.includes("ONE") ? "tenant-1" : "tenant-2")
        const { auth, cxone, sent } = yield* world(
          Fake.play({
            token: (_, sent) => json(Fake.tokenAnswer(tenantOf(sent))),
            configuration: (_, { url }) =>
              json({
                api_endpoint: url.endsWith("tenant-1")
                  ? "https://api-na1.niceincontact.com"
                  : "https://api-uk1.niceincontact.com"
              })
          }),
          { credentials: Ref.get(given) }
        )
        yield* cxone.get("/x")
        yield* Ref.set(given, accessKey("TWO===="))
        yield* cxone.get("/x")
        yield* auth.invalidate(yield* auth.accessToken)
        yield* cxone.get("/x")
        const calls = (yield* sent).filter((each) => Fake.kindOf(each) === "api")
        expect(calls.map(({ request, url }) => [new URL(url).host, request.headers.authorization])).toEqual([
          ["api-na1.niceincontact.com", `Bearer ${Fake.tokenAnswer("tenant-1").access_token}`],
          ["api-na1.niceincontact.com", `Bearer ${Fake.tokenAnswer("tenant-1").access_token}`],
          ["api-uk1.niceincontact.com", `Bearer ${Fake.tokenAnswer("tenant-2").access_token}`]
        ])
      })
  )
})

it.scoped("L10: if the renewal after a 401 gives another tenant's token, the call goes to that tenant's API", () =>
  Effect.gen(function* () {
    const given = yield* Ref.make(accessKey("ONE===="))
    const { cxone, sent } = yield* world(
      Fake.play({
        token: (_, { body }) => json(Fake.tokenAnswer(body.includes("ONE") ? "tenant-1" : "tenant-2")),
        configuration: (_, { url }) => json({ api_endpoint: `https://api-${url.slice(-1)}.niceincontact.com` }),
        api: (index) => new Response("", { status: index === 1 ? 401 : 200 })
      }),
      { credentials: Ref.get(given) }
    )
    yield* cxone.get("/x")
    yield* Ref.set(given, accessKey("TWO===="))
    expect((yield* cxone.get("/y")).status).toBe(200)
    const calls = (yield* sent).filter((each) => Fake.kindOf(each) === "api")
    expect(urlsOf(calls)).toEqual([
      "GET https://api-1.niceincontact.com/x",
      "GET https://api-1.niceincontact.com/y",
      "GET https://api-2.niceincontact.com/y"
    ])
    // An absolute URL of the previous tenant is foreign now.
    expect(yield* Effect.flip(cxone.get("https://api-1.niceincontact.com/z"))).toMatchObject({ _tag: "ForeignOrigin" })
  })
)

describe("Discovery: an access key alone, at its area", () => {
  const environment = CxoneEnvironment.area("na1")
  const area = "https://na1.nice-incontact.com"

  it.scoped("the access key is sent as JSON to the area's host, which also says where the API is", () =>
    Effect.gen(function* () {
      const { cxone, sent } = yield* world(Fake.play(), { credentials: keyOnly, environment })
      yield* cxone.get("/x")
      const [token] = yield* sent
      expect(urlsOf(yield* sent)).toEqual([
        `POST ${area}/authentication/v1/token/access-key`,
        `GET ${area}/.well-known/cxone-configuration?tenantId=tenant-1`,
        `GET ${Fake.apiHost}/x`
      ])
      expect(token?.request.headers).toMatchObject({ "content-type": "application/json", accept: "application/json" })
      expect(token?.request.headers.authorization).toBeUndefined()
      expect(JSON.parse(token?.body ?? "")).toEqual({ accessKeyId: "A-KEY====", accessKeySecret: "a-key-secret====" })
    })
  )

  it.scoped("without a tenant in the token the area's own configuration is used", () =>
    Effect.gen(function* () {
      const play = Fake.play({ token: () => json({ access_token: "opaque", expires_in: "3600" }) })
      const { auth, sent } = yield* world(play, { credentials: keyOnly, environment })
      expect(yield* auth.apiBaseUrl).toBe(`${Fake.apiHost}/`)
      expect(urlsOf(yield* sent).at(-1)).toBe(`GET ${area}/.well-known/cxone-configuration`)
    })
  )

  it.scoped("scopes are InsufficientScope, because the request has no place for them, and nothing is sent", () =>
    Effect.gen(function* () {
      const { auth, kinds } = yield* world(Fake.play(), { credentials: keyOnly, environment })
      const error = yield* Effect.flip(auth.accessTokenFor("read:users"))
      expect(error).toMatchObject({ _tag: "InsufficientScope", reason: "not_supported", requested: ["read:users"] })
      expect(yield* kinds).toEqual([])
    })
  )
})
