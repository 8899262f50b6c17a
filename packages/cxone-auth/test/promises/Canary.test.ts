import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { FileSystem, HttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import {
  ClientAuth,
  type ClientProof,
  Credentials,
  CxoneAuth,
  CxoneAuthError,
  type CxoneAuthOptions,
  CxoneEnvironment,
  CxoneHttpClient,
  type CxoneHttpClientOptions,
  TokenStore
} from "cxone-auth"
import {
  Cause,
  ConfigProvider,
  Context,
  Effect,
  Encoding,
  Exit,
  Fiber,
  Layer,
  Metric,
  Option,
  Redacted,
  Schema,
  TestClock
} from "effect"
import {
  accessKeySecret,
  clientId,
  clientSecret,
  foundIn,
  idToken,
  renderings,
  renderingsOfExit,
  tokenValue,
  withLogs
} from "../support/Canary.js"
import * as Fake from "../support/FakeCxone.js"
import { json, type Play, type Sent, scripted } from "../support/ScriptedHttpClient.js"
import * as SpanRecorder from "../support/SpanRecorder.js"

const isTokenRequest = (sent: Sent) => Fake.kindOf(sent) === "token"

/** Everything that was sent, as a hostile server would repeat it. */
const echo = ({ body, request }: Sent) =>
  `${body} ${new URLSearchParams(body)} ${unescape(body)} ${JSON.stringify(request.headers)}`

// Sequences that `decodeURIComponent` would throw for stay as they are.
const unescape = (text: string) => text.replace(/(?:%[0-9a-f]{2})+/gi, decodeURIComponent)

const grant = () => json({ access_token: tokenValue, expires_in: 3600, scope: "read:users", id_token: idToken })

const tokenAnswers: ReadonlyArray<readonly [string, (sent: Sent) => Response]> = [
  ...["invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "invalid_request", "other"].map(
    (error) =>
      [
        `400 ${error} that repeats the request`,
        (sent: Sent) => json({ error, error_description: echo(sent) }, { status: 400 })
      ] as const
  ),
  ["400 whose error code repeats the request", (sent) => json({ error: echo(sent) }, { status: 400 })],
  ["401 with HTML that repeats the request", (sent) => new Response(`<p>${echo(sent)}</p>`, { status: 401 })],
  ["403 with text that repeats the request", (sent) => new Response(echo(sent), { status: 403 })],
  [
    "401 in camel case that repeats the request",
    (sent) => json({ error: "x", errorDescription: echo(sent) }, { status: 401 })
  ],
  [
    "401 with an object that repeats the request",
    (sent) => json({ error: { code: echo(sent), message: echo(sent) } }, { status: 401 })
  ],
  [
    "401 with a header that repeats the request",
    (sent) => new Response("", { status: 401, headers: { icStatusDescription: encodeURIComponent(echo(sent)) } })
  ],
  [
    "404 with a page whose title repeats the request",
    (sent) => new Response(`<html><title>${echo(sent)}</title></html>`, { status: 404 })
  ],
  ["200 with errorMessage that repeats the request", (sent) => json({ errorMessage: echo(sent), token_type: "x" })],
  [
    "400 temporarily_unavailable that repeats the request",
    (sent) => json({ error: "temporarily_unavailable", error_description: echo(sent) }, { status: 400 })
  ],
  ["407 that repeats the request", (sent) => new Response(echo(sent), { status: 407 })],
  [
    "200 in a coding whose name repeats the request",
    ({ body }) =>
      new Response(Uint8Array.of(0x1f, 0x8b), { headers: { "content-encoding": `x-${encodeURIComponent(body)}` } })
  ],
  ["200 with a form that holds the token", () => new Response(`access_token=${tokenValue}&expires_in=3600`)],
  ["429 that repeats the request", (sent) => new Response(echo(sent), { status: 429 })],
  ["503 that repeats the request", (sent) => new Response(echo(sent), { status: 503 })],
  [
    "302 to a URL that repeats the request",
    (sent) => new Response("", { status: 302, headers: { location: `https://evil.example/?${sent.body}` } })
  ],
  [
    "302 to a host that repeats the secret",
    () =>
      new Response("", {
        status: 302,
        headers: { location: `https://${encodeURIComponent(clientSecret)}.evil.example` }
      })
  ],
  [
    "302 to a host with the secret's letters",
    () =>
      new Response("", {
        status: 302,
        headers: { location: `https://${`${clientSecret}.${accessKeySecret}`.replace(/[^\w.]/g, "")}.evil.example` }
      })
  ],
  ["200 with the token under another name", () => json({ bearer: tokenValue, message: tokenValue })],
  ["200 with the token in a list", () => json([{}, { access_token: tokenValue }])],
  ["200 with the token where another type belongs", () => json({ access_token: { value: tokenValue } })],
  ["200 with a token that no header may carry", () => json({ access_token: `${tokenValue}\n` })],
  ["200 with the token in expires_in", () => json({ access_token: tokenValue, expires_in: tokenValue })],
  ["200 with the token in token_type", () => json({ access_token: tokenValue, token_type: tokenValue })],
  ["200 with the token in scope", () => json({ access_token: tokenValue, scope: [tokenValue] })],
  ["200 with a token that is cut off", () => new Response(`{"access_token":"${tokenValue}`)],
  ["200 with a token that has ended", () => json({ access_token: tokenValue, expires_in: 0 })],
  ["200 with more than 64 KiB", () => new Response(tokenValue.repeat(2_000))]
]

// The caller asked for the body of a response, so these bodies repeat nothing.
const challenged = (sent: Sent, status: number, error: string) =>
  new Response("no", {
    status,
    headers: {
      "www-authenticate": `Bearer error="${error}", error_description="${sent.request.headers.authorization}", scope="${sent.request.headers.authorization}"`
    }
  })

const apiAnswers: ReadonlyArray<readonly [string, (sent: Sent) => Response, ended: string]> = [
  ["200", () => json({ id: 1 }), "Success"],
  ["200 with text that is not JSON", () => new Response("No known way to render data"), "Success"],
  ["401 that repeats the token", (sent) => challenged(sent, 401, "invalid_token"), "InvalidToken"],
  [
    "401 whose error code is the token",
    (sent) => challenged(sent, 401, sent.request.headers.authorization ?? ""),
    "InvalidToken"
  ],
  ["403 that repeats the token", (sent) => challenged(sent, 403, "insufficient_scope"), "InsufficientScope"],
  [
    "403 with a body that repeats the token",
    (sent) => {
      const body = JSON.stringify({ error: "insufficient_scope", error_description: echo(sent), scope: echo(sent) })
      const headers = { "content-type": "application/json", "content-length": String(body.length) }
      return new Response(body, { status: 403, headers })
    },
    "InsufficientScope"
  ],
  ["403", () => new Response("no", { status: 403 }), "Success"],
  [
    "401 whose body repeats the token, under another name",
    (sent) => json({ error: { code: echo(sent) }, errorDescription: echo(sent) }, { status: 401 }),
    "InvalidToken"
  ],
  [
    "401 with a header that repeats the token",
    (sent) =>
      new Response("", { status: 401, headers: { icStatusDescription: `${sent.request.headers.authorization}` } }),
    "InvalidToken"
  ],
  ["429", () => new Response("", { status: 429 }), "RateLimited"],
  [
    "429 whose text and route repeat the token",
    (sent) => json({ message: echo(sent), route: `${sent.request.headers.authorization}` }, { status: 429 }),
    "RateLimited"
  ],
  [
    "503 with a text that repeats the token",
    (sent) => new Response(echo(sent), { status: 503, headers: { "retry-after": "9" } }),
    "RateLimited"
  ],
  ["500", () => new Response("", { status: 500 }), "Success"]
]

const credentialsBy = (clientAuth: ClientAuth) =>
  Credentials.clientSecret({ clientId, clientSecret: Redacted.make(clientSecret), clientAuth })

const key = { accessKeyId: "A-KEY====", accessKeySecret: Redacted.make(accessKeySecret) }

type Way = Pick<CxoneAuthOptions, "credentials" | "environment">

const gateway = CxoneEnvironment.region("us")
const byPost: Way = { credentials: credentialsBy(ClientAuth.post), environment: gateway }
const byBasic: Way = { credentials: credentialsBy(ClientAuth.basic), environment: gateway }
const quoted: Way = {
  credentials: Credentials.clientSecret({ clientId, clientSecret: Redacted.make(`"${clientSecret}"\n`) }),
  environment: gateway
}
const withKey: Way = {
  credentials: Credentials.accessKey({ clientId, clientSecret: Redacted.make(clientSecret), ...key }),
  environment: CxoneEnvironment.discover()
}
const byKeyAlone: Way = { credentials: Credentials.accessKeyOnly(key), environment: CxoneEnvironment.area("na1") }

const ways = [
  ["a client, by post", byPost],
  ["a client, by Basic", byBasic],
  ["a client with a secret in quotes and with a line break, by post", quoted],
  ["a client with an access key", withKey],
  ["an access key alone", byKeyAlone]
] as const

const documents = { openid: () => json(Fake.openIdConfiguration), configuration: () => json(Fake.cxoneConfiguration) }

/** The same play, with the documents of discovery added. */
const withDocuments =
  (play: Play): Play =>
  (sent, index) => {
    const kind = Fake.kindOf(sent)
    return kind === "openid" || kind === "configuration" ? Effect.sync(documents[kind]) : play(sent, index)
  }

const layerOver = (play: Play, way: Way, options: CxoneHttpClientOptions = {}) =>
  Effect.map(scripted(withDocuments(play)), ({ layer }) =>
    Layer.merge(CxoneHttpClient.layer(options), CxoneHttpClient.layerHttpClient(options)).pipe(
      Layer.provideMerge(CxoneAuth.layer({ ...way, name: "reports" })),
      Layer.provide(layer)
    )
  )

/** How a call ended, and everything that a person can see of it: the result as printed, log, spans and metrics. */
const traces = (play: Play, way: Way, options: CxoneHttpClientOptions = {}) =>
  Effect.gen(function* () {
    const { spans, tracer } = SpanRecorder.make()
    const ordinary = yield* Effect.tracer
    const layer = yield* layerOver(play, way, options)
    const call = Effect.gen(function* () {
      const cxone = yield* CxoneHttpClient
      const auth = yield* CxoneAuth
      const response = yield* cxone.post("/api/v2/users/me", { headers: { "x-mine": "visible" } })
      return {
        response,
        read: yield* Effect.exit(response.json),
        filtered: yield* Effect.exit(HttpClient.filterStatusOk(cxone).get("/x")),
        token: yield* auth.accessToken,
        access: auth.accessToken,
        // Without a tracer a generator gets the token by another code path.
        given: yield* Effect.sync(() => auth.accessToken[Symbol.iterator]()).pipe(Effect.withTracer(ordinary))
      }
    })
    const plain = Effect.flatMap(HttpClient.HttpClient, (client) => client.get("/x")).pipe(
      Effect.tapErrorCause((cause) => Effect.logError("the plain client failed", cause))
    )
    const fiber = yield* withLogs(
      call.pipe(
        Effect.tapErrorCause((cause) => Effect.logError("it failed", cause)),
        Effect.tapError((error) => Effect.logError(error)),
        Effect.tap((all) => Effect.log(all)),
        Effect.exit,
        (first) =>
          Effect.all([
            first,
            Effect.exit(plain),
            Effect.exit(CxoneHttpClient.withTypedErrors(plain)),
            Effect.flatMap(CxoneAuth, ({ status }) => status),
            CxoneAuth,
            CxoneHttpClient
          ]),
        Effect.provide(layer),
        Effect.withSpan("caller"),
        Effect.withTracer(tracer)
      )
    ).pipe(Effect.fork)
    yield* TestClock.adjust("30 minutes")
    const {
      lines,
      result: [result, ofPlain, ofTyped, status, auth, cxone]
    } = yield* Fiber.join(fiber)
    const metrics = yield* Metric.snapshot
    const shown: ReadonlyArray<readonly [string, string]> = [
      ...[result, ofPlain, ofTyped].flatMap(renderingsOfExit),
      ...(Exit.isSuccess(result)
        ? [
            ...Object.values(result.value).flatMap(renderings),
            ...renderingsOfExit(result.value.read),
            ...renderingsOfExit(result.value.filtered)
          ]
        : []),
      // After the calls: a service keeps tokens that were refused.
      ...[auth, cxone].flatMap(renderings),
      ...lines.map((line) => ["a log line", line] as const),
      ...spans.map((span) => ["a span", inspect(span, { depth: 12, showHidden: true })] as const),
      ["the metrics", inspect(metrics, { depth: 12 })] as const,
      ["the status", inspect(status, { depth: 12 })] as const
    ]
    // A call that failed before it was sent would leak nothing, and prove nothing.
    const ended = Exit.match(result, {
      onSuccess: () => "Success",
      onFailure: (cause) =>
        Cause.failureOption(cause).pipe(
          Option.map(({ _tag }) => _tag),
          Option.getOrElse(() => Cause.pretty(cause))
        )
    })
    expect(lines.length).toBeGreaterThan(0)
    expect(spans.length).toBeGreaterThan(1)
    return { ended, shown }
  })

const runProgram = (settings: Record<string, string>) =>
  Effect.async<{ readonly code: number | null; readonly output: string }>((resume) => {
    const program = fileURLToPath(new URL("../support/canary-program.ts", import.meta.url))
    const child = spawn(process.execPath, ["--import", "tsx", program], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { ...process.env, ...settings }
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk
      })
    }
    child.on("close", (code) => resume(Effect.succeed({ code, output })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const expectNoCanary = (all: ReadonlyArray<readonly [string, string]>) => {
  const leaks = all.flatMap(([how, text]) => foundIn(text).map((canary) => `${how}: ${canary}\n${text.slice(0, 300)}`))
  expect(leaks).toEqual([])
}

describe("S1: no secret and no token in any error, log line, span, metric or thrown value", () => {
  it("a secret in any of these forms is found", () => {
    for (const text of [clientSecret, `x${tokenValue}x`, JSON.stringify({ clientSecret }), inspect({ clientSecret })]) {
      expect(foundIn(text)).not.toEqual([])
    }
    expect(foundIn(Buffer.from(clientSecret).toString("base64"))).not.toEqual([])
    expect(foundIn("nothing here")).toEqual([])
  })

  describe.each(ways)("%s", (_, way) => {
    it.effect.each(tokenAnswers)("token endpoint: %s", ([_, answer]) =>
      Effect.gen(function* () {
        const { ended, shown } = yield* traces((sent) => Effect.sync(() => answer(sent)), way)
        expect(ended).toMatch(
          /^(InvalidClient|InsufficientScope|RateLimited|TokenEndpointUnavailable|InvalidTokenResponse)$/
        )
        // A defect of the fake would be a transport failure, and prove nothing.
        expect(shown.some(([how, text]) => how === "JSON.stringify" && text.includes('"transport"'))).toBe(false)
        expectNoCanary(shown)
      })
    )
  })

  it.effect.each([
    ["an error", Effect.fail<unknown>(new Error(`no ${clientSecret}`))],
    ["an error whose name is the secret", Effect.fail<unknown>({ _tag: clientSecret, name: clientSecret })],
    ["a defect", Effect.die(new Error(clientSecret))],
    ["the secret itself", Effect.fail(clientSecret)],
    [
      "what a constructor throws of it",
      Effect.sync(() => Credentials.clientSecret({ clientId: clientSecret, clientSecret: Redacted.make(clientSecret) }))
    ]
  ] as const)("an effect for the credentials that fails with %s", ([_, credentials]) =>
    Effect.gen(function* () {
      const { ended, shown } = yield* traces(() => Effect.sync(grant), { ...byPost, credentials })
      expect(ended).toBe("CredentialsUnavailable")
      expectNoCanary(shown)
    })
  )

  const jwt = (claims: object) =>
    `eyJhbGciOiJSUzI1NiJ9.${Encoding.encodeBase64Url(JSON.stringify(claims))}.c4n4rySignature`

  const claimsOf = (secret: string): ReadonlyArray<readonly [string, object]> => [
    ["a secret as scope", { scope: secret }],
    ["a secret among the scopes", { scope: `read:users ${secret}` }],
    ["a secret in capitals as scope", { scope: `read:${secret.toUpperCase()}` }],
    ["the token as scope", { scope: tokenValue }],
    ["the id token as scope", { scope: idToken }],
    ["a secret as tenant", { id_token: jwt({ tenantId: secret }) }],
    ["the token as tenant", { id_token: jwt({ tenantId: tokenValue }) }],
    ["a text as tenant", { id_token: jwt({ tenantId: "c4n4ry Person" }) }],
    ["a secret as issuer", { id_token: jwt({ tenantId: "t", iss: secret }) }],
    ["a secret as the token's tenant", { access_token: jwt({ tenantId: secret }), id_token: undefined }]
  ]

  describe.each(ways)("what a token answer claims, %s", (_, way) => {
    // Only what was sent is a secret.
    it.effect.each(claimsOf(way === byKeyAlone ? accessKeySecret : clientSecret))("%s", ([_, fields]) =>
      Effect.gen(function* () {
        const answer = () => json({ access_token: tokenValue, expires_in: 3600, id_token: idToken, ...fields })
        const { ended, shown } = yield* traces(
          (sent) => Effect.sync(() => (isTokenRequest(sent) ? answer() : challenged(sent, 403, "insufficient_scope"))),
          way
        )
        // Without a tenant, discovery does not know where the API is.
        expect(ended).toMatch(/^(InsufficientScope|DiscoveryFailed)$/)
        expectNoCanary(shown)
      })
    )
  })

  const proofs: ReadonlyArray<readonly [string, ClientAuth]> = [
    [
      "throws an error with the secret",
      ({ clientSecret }) => {
        throw new Error(Redacted.value(clientSecret))
      }
    ],
    [
      "throws the secret",
      ({ clientSecret }) => {
        throw Redacted.value(clientSecret)
      }
    ],
    [
      "throws an error whose kind is the secret",
      ({ clientSecret }) => {
        throw { _tag: Redacted.value(clientSecret) }
      }
    ],
    ...[
      undefined,
      {},
      { form: {}, headers: { authorization: `Basic ${clientSecret}` } },
      { form: { [clientSecret]: clientSecret }, headers: {} },
      { form: { client_secret: Redacted.make(7) }, headers: {} },
      { form: {}, headers: { [clientSecret]: Redacted.make(clientSecret) } },
      { form: {}, headers: { authorization: Redacted.make(`Basic\n${clientSecret}`) } },
      { form: {}, headers: { host: Redacted.make(clientSecret) } }
      // A program in JavaScript may return anything.
    ].map((wrong, index) => [`returns no proof: ${index}`, () => wrong as unknown as ClientProof] as const)
  ]

  it.effect.each(proofs)("a function for the client's authentication that %s", ([_, clientAuth]) =>
    Effect.gen(function* () {
      let requests = 0
      const play: Play = () =>
        Effect.sync(() => {
          requests += 1
          return grant()
        })
      const { ended, shown } = yield* traces(play, { credentials: credentialsBy(clientAuth), environment: gateway })
      expect(ended).toBe("CredentialsUnavailable")
      expect(requests).toBe(0)
      expect(shown.some(([_, text]) => text.includes("client_auth"))).toBe(true)
      expectNoCanary(shown)
    })
  )

  it.effect("current and next credentials, both refused by a server that repeats them", () =>
    Effect.gen(function* () {
      const credentials = Credentials.rotating({
        current: credentialsBy(ClientAuth.basic),
        next: Credentials.clientSecret({ clientId, clientSecret: Redacted.make(`${clientSecret}-next`) })
      })
      const refuse: Play = (sent) =>
        Effect.sync(() => json({ error: "invalid_client", error_description: echo(sent) }, { status: 401 }))
      const { ended, shown } = yield* traces(refuse, { ...byPost, credentials })
      expect(ended).toBe("InvalidClient")
      expect(shown.some(([how, text]) => how === "the status" && text.includes("refused"))).toBe(true)
      expectNoCanary(shown)
    })
  )

  it.effect.each(apiAnswers)("API: %s", ([_, answer, expected]) =>
    Effect.gen(function* () {
      const { ended, shown } = yield* traces(
        (sent) => Effect.sync(() => (isTokenRequest(sent) ? grant() : answer(sent))),
        withKey
      )
      expect(ended).toBe(expected)
      expectNoCanary(shown)
    })
  )

  const notYet = (sent: Sent, status: number) =>
    new Response(echo(sent), {
      status,
      headers: { "retry-after": "20", "www-authenticate": `Bearer realm="${sent.request.headers.authorization}"` }
    })

  it.effect.each([
    [429, 1, "Success"],
    [503, 1, "Success"],
    [429, Number.POSITIVE_INFINITY, "RateLimited"],
    [503, Number.POSITIVE_INFINITY, "RateLimited"]
  ] as const)("calls that wait for a %s that repeats the token, %s times", ([status, times, expected]) =>
    Effect.gen(function* () {
      let refusals = 0
      const { ended, shown } = yield* traces(
        (sent) =>
          Effect.sync(() => {
            if (isTokenRequest(sent)) {
              return grant()
            }
            refusals += 1
            return refusals <= times ? notYet(sent, status) : json({})
          }),
        withKey,
        { onRateLimited: { wait: "1 minute" }, scopes: "read:users" }
      ).pipe(
        CxoneHttpClient.withCallOptions({ idempotent: true }),
        CxoneHttpClient.withScopes("read:users write:users")
      )
      expect(ended).toBe(expected)
      expect(refusals).toBeGreaterThan(2)
      expectNoCanary(shown)
    })
  )

  it.effect.each(
    ways.flatMap(([name, way]) => [
      [`${name}: token endpoint`, (sent: Sent) => isTokenRequest(sent), way] as const,
      [`${name}: API`, (sent: Sent) => !isTokenRequest(sent), way] as const
    ])
  )("a transport that fails with what it was about to send, %s", ([_, fails, way]) =>
    Effect.gen(function* () {
      const { ended, shown } = yield* traces(
        (sent) =>
          fails(sent)
            ? Effect.fail({
                cause: Object.assign(new Error(`cannot send ${echo(sent)}`), { code: "ECONNRESET", sent: echo(sent) })
              })
            : Effect.sync(grant),
        way
      )
      expect(ended).toMatch(/^(TokenEndpointUnavailable|RequestError)$/)
      expect(shown.some(([_, text]) => text.includes("ECONNRESET"))).toBe(true)
      expectNoCanary(shown)
    })
  )

  it.effect.each(
    ["hostname", "address", "host", "message"].flatMap((field) =>
      ways.map(([name, way]) => [`${field}, ${name}`, field, way] as const)
    )
  )("a transport that names what it was about to send as the proxy: %s", ([_, field, way]) =>
    Effect.gen(function* () {
      const code =
        field === "message" ? "ERR_PROXY_TUNNEL" : field === "host" ? "ERR_TLS_CERT_ALTNAME_INVALID" : "ENOTFOUND"
      const piece = way === byKeyAlone ? accessKeySecret : clientSecret
      const texts = (sent: Sent) => [
        piece,
        encodeURIComponent(piece),
        piece.replace(/[^\w.-]/g, ""),
        Buffer.from(piece).toString("hex"),
        echo(sent)
      ]
      for (const index of [0, 1, 2, 3, 4]) {
        const { ended, shown } = yield* traces((sent) => {
          const text = texts(sent)[index] ?? ""
          const said = field === "message" ? `no tunnel via http://${text}:3128/: 502` : text
          return Effect.fail({
            cause: Object.assign(new Error(""), { code, statusCode: 502, port: 3128, [field]: said })
          })
        }, way)
        expect(ended).toMatch(/^(TokenEndpointUnavailable|DiscoveryFailed)$/)
        expectNoCanary(shown)
      }
    })
  )

  it.effect("a proxy whose refusal repeats what was about to be sent", () =>
    Effect.gen(function* () {
      const { ended, shown } = yield* traces(
        (sent) => Effect.fail({ cause: new Error(`Proxy response (407) ${echo(sent)}`) }),
        byBasic
      )
      expect(ended).toBe("TokenEndpointUnavailable")
      expect(shown.some(([_, text]) => text.includes("proxy_authentication"))).toBe(true)
      expectNoCanary(shown)
    })
  )

  it.effect.each(ways)("a transport that throws what it was about to send, %s", ([_, way]) =>
    Effect.gen(function* () {
      const { ended, shown } = yield* traces(
        (sent) => (isTokenRequest(sent) ? Effect.sync(grant) : Effect.die(new TypeError(echo(sent)))),
        way
      )
      expect(ended).toBe("RequestError")
      expectNoCanary(shown)
    })
  )

  it.effect("a transport whose error code is what it was about to send", () =>
    Effect.gen(function* () {
      const { ended, shown } = yield* traces(
        (sent) => Effect.fail({ cause: { code: echo(sent), cause: { code: clientSecret } } }),
        byBasic
      )
      expect(ended).toBe("TokenEndpointUnavailable")
      expectNoCanary(shown)
    })
  )

  it.effect("a body that breaks off after it repeats the token", () =>
    Effect.gen(function* () {
      const broken = (sent: Sent) =>
        new Response(
          new ReadableStream({
            start: (controller) => {
              controller.enqueue(new TextEncoder().encode(echo(sent)))
              controller.error(new Error(echo(sent)))
            }
          })
        )
      const { ended, shown } = yield* traces(
        (sent) => Effect.sync(() => (isTokenRequest(sent) ? grant() : broken(sent))),
        byPost
      )
      expect(ended).toBe("Success")
      expectNoCanary(shown)
    })
  )

  it.effect("an error that is encoded and decoded", () =>
    Effect.gen(function* () {
      const refuse: Play = (sent) =>
        Effect.sync(() => json({ error: "invalid_client", error_description: echo(sent) }, { status: 401 }))
      const layer = yield* layerOver(refuse, byBasic)
      const error = yield* Effect.flip(
        Effect.provide(
          Effect.flatMap(CxoneAuth, (auth) => auth.accessToken),
          layer
        )
      )
      const encoded = yield* Schema.encode(CxoneAuthError)(error)
      expectNoCanary(renderings(encoded))
      const decoded = yield* Schema.decode(CxoneAuthError)(encoded)
      expect(decoded.message).toBe(error.message)
    })
  )

  it.scopedLive(
    "F3: a token that processes share: the folder of the store, the log, the spans and what the layer shows",
    () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const { layer, sent } = yield* scripted(() => Effect.succeed(grant()))
        const recorder = SpanRecorder.make()
        const access = Effect.gen(function* () {
          const auth = yield* CxoneAuth
          const token = yield* auth.accessToken
          const status = yield* auth.status
          return { token, status, auth }
        }).pipe(
          Effect.provide(
            CxoneAuth.layerShared({
              credentials: Credentials.clientSecret({ clientId, clientSecret: Redacted.make(clientSecret) }),
              environment: CxoneEnvironment.region("eu")
            }).pipe(Layer.provide(TokenStore.layerFileSystem(folder)))
          )
        )
        const folderOf = Effect.flatMap(files.readDirectory(folder), (names) =>
          Effect.forEach(names, (name) =>
            Effect.map(files.readFileString(`${folder}/${name}`), (text) => `${name} ${text}`)
          )
        )
        const { lines, result } = yield* withLogs(
          Effect.all({ first: access, second: access, stored: folderOf }).pipe(
            Effect.provide(layer),
            Effect.withTracer(recorder.tracer)
          )
        )
        expect((yield* sent).length).toBe(1)
        expect(result.second.status[0]?.source).toBe("store")
        expect(result.stored).toHaveLength(2)
        expect(Redacted.value(result.second.token.value)).toBe(tokenValue)
        const stored = result.stored.flatMap((text) => [
          text,
          ...text.split(/\W+/).map((part) =>
            Encoding.decodeBase64UrlString(part).pipe(
              Option.getRight,
              Option.getOrElse(() => "")
            )
          )
        ])
        expectNoCanary([
          ...stored.map((text) => ["the folder", text] as const),
          ...lines.map((line) => ["the log", line] as const),
          ...recorder.spans.flatMap(renderings),
          ...renderings(result)
        ])
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.effect("credentials, options, layers, services and the environment, printed", () =>
    Effect.gen(function* () {
      const credentials = Credentials.clientSecret({ clientId, clientSecret: Redacted.make(clientSecret) })
      const environment = CxoneEnvironment.region("eu")
      const layer = yield* layerOver(() => Effect.sync(grant), withKey)
      const context = yield* Layer.build(layer)
      yield* Context.get(context, CxoneAuth).accessToken
      const values = [
        credentials,
        credentials.clientAuth(credentials),
        ClientAuth.basic(credentials),
        environment,
        layer,
        context,
        CxoneAuth.layerTest(tokenValue),
        Option.some(credentials),
        Credentials.rotating({ current: credentials, next: credentials }),
        withKey,
        byKeyAlone,
        { ...key },
        Effect.succeed(credentials)
      ]
      expectNoCanary(values.flatMap(renderings))
    }).pipe(Effect.scoped)
  )

  const prefixed = (settings: ReadonlyMap<string, string>) =>
    ConfigProvider.fromMap(new Map(Array.from(settings, ([name, value]) => [`ACME_${name}`, value])), {
      pathDelim: "_"
    })
  const nested = (settings: ReadonlyMap<string, string>) => ConfigProvider.nested(prefixed(settings), "ACME")

  it.effect.each([
    ["as they are", ConfigProvider.fromMap, {}],
    ["under a prefix", nested, {}],
    ["under the prefix of an option", prefixed, { prefix: "ACME" }]
  ] as const)("settings that are wrong, and those that are warned of, %s", ([_, providerOf, options]) =>
    Effect.gen(function* () {
      const { layer } = yield* scripted(() => Effect.sync(grant))
      const wrong: ReadonlyArray<readonly [setting: string, value: string]> = [
        ...["REGION", "CLIENT_AUTH", "TOKEN_ENDPOINT", "API_BASE_URL", "ISSUER", "AREA", "ACCESS_KEY_SECRET"].map(
          (name) => [`CXONE_${name}`, clientSecret] as const
        ),
        ["CXONE_CLIENT_ID", accessKeySecret],
        ["CXONE_ACCESS_KEY_ID", ""],
        ...["", "'", '"', "\n", "$"].map((end) => ["CXONE_CLIENT_SECRET_NEXT", `${end}${clientSecret}${end}`] as const),
        ["CXONE_ISSUER", `https://${encodeURIComponent(accessKeySecret)}@cxone.niceincontact.com`],
        ["CXONE_ISSUER", `https://cxone.niceincontact.com/${accessKeySecret}`]
      ]
      for (const [setting, value] of wrong) {
        const settings = new Map([
          ["CXONE_CLIENT_ID", ` ${clientId}`],
          ["CXONE_CLIENT_SECRET", `'${clientSecret}' `],
          ["CXONE_ACCESS_KEY_ID", "A-KEY===="],
          ["CXONE_ACCESS_KEY_SECRET", ` ${accessKeySecret}`],
          [setting, value]
        ])
        const { lines, result } = yield* withLogs(
          Layer.build(CxoneAuth.layerFromEnv(options)).pipe(
            Effect.scoped,
            Effect.exit,
            Effect.provide(layer),
            Effect.withConfigProvider(providerOf(settings))
          )
        )
        expect(Exit.isFailure(result)).toBe(setting !== "CXONE_CLIENT_SECRET_NEXT")
        expect(lines.join()).toMatch(/CXONE_CLIENT_SECRET is in quotes/)
        expectNoCanary([...renderingsOfExit(result), ...lines.map((line) => ["a log line", line] as const)])
      }
    })
  )

  // The simulator's tokens are JWTs, so that any of them would be found by its first letters.
  // NodeHttpClient.layer runs without Node's own debug output, in which `http` and `net` print whole requests (docs/security-model.md).
  it.live.each([
    ["fetch", "http,net,undici,fetch"],
    ["undici", "http,net,undici,fetch"],
    ["cxone-auth-undici", "http,net,undici,fetch"],
    ["node", ""]
  ] as const)(
    "the debug output of Node and its HTTP clients, and every log line of a program: %s",
    ([transport, debugged]) =>
      Effect.gen(function* () {
        const { code, output } = yield* runProgram({ TRANSPORT: transport, NODE_DEBUG: debugged })
        expect(code).toBe(0)
        for (const sign of [
          "it went well",
          "InvalidToken",
          "RateLimited",
          "RequestError",
          "InvalidTokenResponse",
          "DiscoveryFailed",
          "InvalidClient"
        ]) {
          expect(output).toContain(sign)
        }
        if (debugged !== "") expect(output).toMatch(/^(NET|HTTP|UNDICI|FETCH) \d+/m)
        expect(foundIn(output)).toEqual([])
        expect(output).not.toMatch(/Bearer eyJ|eyJ[\w-]{10,}\./)
      }),
    60_000
  )
})
