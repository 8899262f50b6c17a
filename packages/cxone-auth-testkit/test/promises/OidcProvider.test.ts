/**
 * The kit's `POST /oauth/token` beside `oidc-provider`, which the OpenID Foundation has certified: the same request gets the
 * same answer, or the row says why not. So an app's token request that passes at the kit passes at a real server, too.
 */
import { gzipSync } from "node:zlib"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, type SimulatedClient } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import * as OidcProvider from "../../../cxone-auth/test/support/OidcProvider.js"
import * as RawHttp from "../support/RawHttp.js"

// The clients, which both servers know.

const scope = "read:contacts read:users"

const plain = { clientId: "job", clientSecret: "s3cr3t" }
const special = { clientId: "team:a+b c%", clientSecret: "p+q r/s=t&100%:" }
const latin = { clientId: "büro", clientSecret: "pässwörd" }
const unicode = { clientId: "büro 東京", clientSecret: "pässwörd 🔑" }
const percent = { clientId: "percent", clientSecret: "100%zz" }
const tildes = { clientId: "~~~", clientSecret: "~~~" }
const control = { clientId: "nul\u0000", clientSecret: "\u0000\t\n" }
const byBasic = { clientId: "by-basic", clientSecret: "s3cr3t", authMethod: "basic" } as const
const byPost = { clientId: "by-post", clientSecret: "s3cr3t", authMethod: "post" } as const
const interactive = { clientId: "interactive", clientSecret: "s3cr3t", grantTypes: [] }

type Client = Omit<SimulatedClient, "clientSecret" | "scopes"> & { readonly clientSecret: string }

const clients: readonly [Client, ...Array<Client>] = [
  plain,
  special,
  latin,
  unicode,
  percent,
  tildes,
  control,
  byBasic,
  byPost,
  interactive
]

const simulated = ({ clientSecret, ...client }: Client): SimulatedClient => ({
  ...client,
  clientSecret: Redacted.make(clientSecret),
  scopes: scope.split(" ")
})

const [first, ...others] = clients
const simulatorLayer = CxoneSimulator.layerServer({ clients: [simulated(first), ...others.map(simulated)] })

const startProvider = Effect.gen(function* () {
  const provider = yield* OidcProvider.start()
  for (const { authMethod = "basic", clientId, clientSecret, grantTypes = ["client_credentials"] } of clients) {
    yield* provider.register({
      clientId,
      clientSecret,
      grantTypes,
      scope,
      authMethod: authMethod === "basic" ? "client_secret_basic" : "client_secret_post"
    })
  }
  return provider
})

// The requests.

interface TokenRequest extends RawHttp.RawRequest {
  readonly query: string
}

const encode = (text: string) => new URLSearchParams([["", text]]).toString().slice(1)

const formOf = (parameters: Readonly<Record<string, string | undefined>>) =>
  Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encode(value)}`]))
    .join("&")

const formType = { "content-type": "application/x-www-form-urlencoded" }

const raw = (body: string | Uint8Array, changes: Partial<TokenRequest> = {}): TokenRequest => ({
  method: "POST",
  query: "",
  headers: formType,
  body,
  ...changes
})

const grant = { grant_type: "client_credentials", scope: "read:users" }

const inForm = ({ clientId, clientSecret }: Client) => ({ ...grant, client_id: clientId, client_secret: clientSecret })

const good = formOf(inForm(plain))

/** The good form, in which these parameters are changed or, with `undefined`, left out. */
const post = (changes: Readonly<Record<string, string | undefined>> = {}, request: Partial<TokenRequest> = {}) =>
  raw(formOf({ ...inForm(plain), ...changes }), request)

/** A form without the client, and this header. */
const withHeader = (authorization: string, form: Readonly<Record<string, string | undefined>> = {}) =>
  raw(formOf({ ...grant, ...form }), { headers: { ...formType, authorization } })

const base64 = (pair: string) => Buffer.from(pair).toString("base64")
const pairOf = ({ clientId, clientSecret }: Client) => `${encode(clientId)}:${encode(clientSecret)}`
const goodPair = base64(pairOf(plain))

/** Basic credentials, as they stand before base64. */
const basic = (pair = pairOf(plain), form: Readonly<Record<string, string | undefined>> = {}) =>
  withHeader(`Basic ${base64(pair)}`, form)

const lowerHex = (text: string) => text.replace(/%[\dA-F]{2}/g, (hex) => hex.toLowerCase())

const withBody = (body: string) => raw(body, { headers: { ...formType, authorization: `Basic ${goodPair}` } })

const type = (contentType: string) => ({ headers: { "content-type": contentType } })

const accept = (accept: string) => ({ headers: { ...formType, accept } })

const assertion = {
  client_assertion: "x",
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
}

const multipart = (parameters: Readonly<Record<string, string>>) =>
  [
    ...Object.entries(parameters).map(
      ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    ),
    "--x--\r\n"
  ].join("")

// The answers.

/**
 * The status, and the error code or the scopes that were granted. Then what an answer of RFC 6749 §5 doesn't have: it may be
 * stored, or isn't JSON. Then `challenged`, if it has the header `WWW-Authenticate`.
 */
const shown = ({ headers, status, text }: RawHttp.RawAnswer): string => {
  const isJson = /^application\/json\b/.test(headers["content-type"] ?? "")
  const json: Record<string, unknown> = isJson && text !== "" ? JSON.parse(text) : {}
  return [
    `${status} ${json.error ?? json.scope ?? "-"}`,
    ...(headers["cache-control"] === "no-store" ? [] : ["stored"]),
    ...(isJson ? [] : ["not JSON"]),
    ...(headers["www-authenticate"] === undefined ? [] : ["challenged"])
  ].join(", ")
}

/** Both servers answer so; or each answers in its own way, for this reason. */
type Expected = string | { readonly kit: string; readonly provider: string; readonly because: string }

type Row = readonly [what: string, request: TokenRequest, expected: Expected]

const ok = "200 read:users"

const differences = {
  badHeader: {
    kit: "401 invalid_client, challenged",
    provider: "400 invalid_request",
    because: "RFC 6749 §5.2: a client that tried the Authorization header, even badly, gets 401 and a challenge"
  },
  noClient: {
    kit: "401 invalid_client",
    provider: "400 invalid_request",
    because: "RFC 6749 §5.2: a request without client authentication is invalid_client"
  },
  grantOfOthers: {
    kit: "400 unauthorized_client",
    provider: "400 invalid_request",
    because: "RFC 6749 §5.2: a client that may not use the grant is unauthorized_client"
  },
  grantElsewhere: {
    kit: "400 unsupported_grant_type",
    provider: "400 invalid_request",
    because: "the provider has this grant, but not for this client; the kit doesn't have it at this endpoint"
  },
  unknownScope: {
    kit: "400 invalid_scope",
    provider: "200 -",
    because: "RFC 6749 §5.2: an unknown scope is invalid_scope; the provider grants none and says nothing"
  },
  allScopes: {
    kit: `200 ${scope}`,
    provider: "200 -",
    because: "RFC 6749 §3.3 leaves the default to the server: all scopes at the kit, none at the provider"
  },
  twoFaults: {
    kit: "400 invalid_request",
    provider: "401 invalid_client",
    because: "RFC 6749 names no order for two faults; the kit reads the whole form before it authenticates"
  },
  otherMethod: {
    kit: "405 invalid_request",
    provider: "404 -, stored, not JSON",
    because: "RFC 9110 §15.5.6: a method that the resource doesn't have is 405"
  }
} as const
const { allScopes, badHeader, grantElsewhere, grantOfOthers, noClient, otherMethod, twoFaults, unknownScope } =
  differences

const registered = "CXone insists on the method of the registration (docs/cxone-facts.md); the provider takes either"
const padded = "the provider compares secrets as if NULs at their ends were padding"
const asked = "RFC 6749 §5.2 has JSON for every refusal; the provider has a page for browsers"

const rows: ReadonlyArray<Row> = [
  // The client in the form.
  ["in the form: the right secret", post(), ok],
  ["in the form: a wrong secret", post({ client_secret: "S3cr3t" }), "401 invalid_client"],
  ["in the form: an empty secret", post({ client_secret: "" }), "401 invalid_client"],
  ["in the form: no secret", post({ client_secret: undefined }), "401 invalid_client"],
  ["in the form: an unknown client", post({ client_id: "other" }), "401 invalid_client"],
  ["in the form: the client in capitals", post({ client_id: "JOB" }), "401 invalid_client"],
  ["in the form: an empty client", post({ client_id: "" }), noClient],
  ["in the form: a secret without a client", post({ client_id: undefined }), noClient],
  ["in the form: neither client nor secret", raw(formOf(grant)), noClient],
  ["in the form: special characters", post(inForm(special)), ok],
  ["in the form: special characters, with lower-case hex", raw(lowerHex(formOf(inForm(special)))), ok],
  ["in the form: special characters, with %20 for a space", raw(formOf(inForm(special)).replaceAll("+", "%20")), ok],
  [
    "in the form: special characters, not encoded",
    raw(`${formOf(grant)}&client_id=${special.clientId}&client_secret=${special.clientSecret}`),
    "401 invalid_client"
  ],
  ["in the form: a percent sign, not encoded", raw(`${formOf(grant)}&client_id=percent&client_secret=100%zz`), ok],
  ["in the form: characters of Unicode", post(inForm(unicode)), ok],
  [
    "in the form: characters of Unicode, not encoded",
    raw(
      `${formOf(grant)}&client_id=${unicode.clientId.replace(" ", "+")}&client_secret=${unicode.clientSecret.replace(" ", "+")}`
    ),
    ok
  ],
  [
    "in the form: Latin-1",
    raw(Buffer.from(`${formOf(grant)}&client_id=${latin.clientId}&client_secret=${latin.clientSecret}`, "latin1")),
    "401 invalid_client"
  ],
  [
    "in the form: Latin-1, encoded",
    raw(`${formOf(grant)}&client_id=b%FCro&client_secret=p%E4ssw%F6rd`),
    "401 invalid_client"
  ],
  ["in the form: control characters", post(inForm(control)), ok],
  ["in the form: a client with a NUL that it doesn't have", post({ client_id: "job\u0000" }), "401 invalid_client"],
  ["in the form: a client of 20 KB", post({ client_id: "x".repeat(20_000) }), "401 invalid_client"],
  ["in the form: a secret of 20 KB", post({ client_secret: "x".repeat(20_000) }), "401 invalid_client"],
  ["in the form: a client that is registered for it", post(inForm(byPost)), ok],
  [
    "in the form: a client that is registered for the header",
    post(inForm(byBasic)),
    { kit: "401 invalid_client", provider: ok, because: registered }
  ],
  ["in the form: a client assertion", post({ ...assertion, client_secret: undefined }), noClient],
  [
    "in the form: a client assertion beside the secret",
    post(assertion),
    {
      kit: ok,
      provider: "400 invalid_request",
      because: "CXone has no assertions, so this is an unknown parameter, which RFC 6749 §3.2 has ignored"
    }
  ],

  // Basic.
  ["Basic: the right secret", basic(), ok],
  ["Basic: a wrong secret", basic("job:S3cr3t"), "401 invalid_client, challenged"],
  ["Basic: an empty secret", basic("job:"), badHeader],
  ["Basic: an unknown client", basic("other:s3cr3t"), "401 invalid_client, challenged"],
  ["Basic: an empty client", basic(":s3cr3t"), badHeader],
  ["Basic: only a colon", basic(":"), badHeader],
  ["Basic: no colon", basic("job"), badHeader],
  ["Basic: a colon more", basic("job:s3cr3t:"), "401 invalid_client, challenged"],
  ["Basic: special characters", basic(pairOf(special)), ok],
  ["Basic: lower-case hex", basic(lowerHex(pairOf(special))), ok],
  ["Basic: %20 for a space", basic(pairOf(special).replaceAll("+", "%20")), ok],
  ["Basic: everything encoded", basic("%6a%6f%62:%733cr3t"), ok],
  ["Basic: an encoded colon in place of the colon", basic("job%3As3cr3t"), badHeader],
  [
    "Basic: a plus sign that isn't encoded",
    basic(pairOf(special).replace("%2B", "+")),
    "401 invalid_client, challenged"
  ],
  ["Basic: a percent sign that isn't encoded", basic(`${encode(special.clientId)}:${special.clientSecret}`), badHeader],
  ["Basic: a percent sign, encoded", basic(pairOf(percent)), ok],
  ["Basic: a percent sign that isn't encoded, in a right secret", basic("percent:100%zz"), badHeader],
  ["Basic: broken percent-encoding", basic("job:s3cr3t%zz"), badHeader],
  ["Basic: percent-encoding that isn't UTF-8", basic("job:s3cr3t%ff"), badHeader],
  ["Basic: characters of Unicode", basic(pairOf(unicode)), ok],
  ["Basic: characters of Unicode, not encoded", basic(`${unicode.clientId}:${unicode.clientSecret}`), ok],
  [
    "Basic: Latin-1",
    withHeader(`Basic ${Buffer.from(`${latin.clientId}:${latin.clientSecret}`, "latin1").toString("base64")}`),
    "401 invalid_client, challenged"
  ],
  ["Basic: control characters", basic(pairOf(control)), ok],
  ["Basic: a byte order mark", basic(`\ufeff${pairOf(plain)}`), "401 invalid_client, challenged"],
  [
    "Basic: a NUL at the end",
    basic(`${pairOf(plain)}\u0000`),
    { kit: "401 invalid_client, challenged", provider: ok, because: padded }
  ],
  ["Basic: a secret of 8 KB", basic(`job:${"x".repeat(8_000)}`), "401 invalid_client, challenged"],
  ["Basic: a client that is registered for it", basic(pairOf(byBasic)), ok],
  [
    "Basic: a client that is registered for the form",
    basic(pairOf(byPost)),
    { kit: "401 invalid_client, challenged", provider: ok, because: registered }
  ],
  ["Basic: not base64", withHeader("Basic ???"), badHeader],
  ["Basic: base64 with a plus sign", basic("~~~:~~~"), ok],
  ["Basic: base64url", withHeader(`Basic ${base64("~~~:~~~").replaceAll("+", "-")}`), badHeader],
  [
    "Basic: base64 without its padding",
    withHeader(`Basic ${goodPair.replace(/=+$/, "")}`),
    {
      kit: "401 invalid_client, challenged",
      provider: ok,
      because: "RFC 4648 §3.2 requires the padding; the provider does without"
    }
  ],
  ["Basic: base64 with too much padding", withHeader(`Basic ${goodPair}=`), badHeader],
  ["Basic: not encoded as base64", withHeader("Basic job:s3cr3t"), badHeader],
  ["Basic: the scheme in lower case", withHeader(`basic ${goodPair}`), ok],
  ["Basic: the scheme in capitals", withHeader(`BASIC ${goodPair}`), ok],
  [
    "Basic: two spaces",
    withHeader(`Basic  ${goodPair}`),
    {
      kit: ok,
      provider: "400 invalid_request",
      because: "RFC 9110 §11.4 has one or more spaces; the provider takes only one"
    }
  ],
  ["Basic: a tab", withHeader(`Basic\t${goodPair}`), badHeader],
  ["Basic: no space", withHeader(`Basic${goodPair}`), badHeader],
  ["Basic: text after it", withHeader(`Basic ${goodPair} x`), badHeader],
  ["Basic: only the scheme", withHeader("Basic"), badHeader],
  ["an empty Authorization header", withHeader(""), badHeader],
  ["Authorization: Bearer", withHeader("Bearer abc"), badHeader],
  ["Authorization: Bearer, with the right Basic credentials", withHeader(`Bearer ${goodPair}`), badHeader],
  ["Authorization: Digest", withHeader('Digest username="job"'), badHeader],

  // Both.
  ["both methods", basic(undefined, { client_id: "job", client_secret: "s3cr3t" }), "400 invalid_request"],
  [
    "both methods, with a wrong secret in the header",
    basic("job:x", { client_id: "job", client_secret: "s3cr3t" }),
    "400 invalid_request"
  ],
  [
    "both methods, with the secret alone in the form",
    basic(undefined, { client_secret: "s3cr3t" }),
    "400 invalid_request"
  ],
  ["Basic, with the same client in the form", basic(undefined, { client_id: "job" }), ok],
  ["Basic, with an empty client in the form", basic(undefined, { client_id: "" }), ok],
  ["Basic, with an empty secret in the form", basic(undefined, { client_secret: "" }), ok],
  ["Basic, with another client in the form", basic(undefined, { client_id: "by-basic" }), "400 invalid_request"],
  ["Basic, with an unknown client in the form", basic(undefined, { client_id: "other" }), "400 invalid_request"],
  ["Bearer, with the right secret in the form", withHeader("Bearer abc", inForm(plain)), "400 invalid_request"],
  ["an empty Authorization header, with the right secret in the form", withHeader("", inForm(plain)), ok],

  // The grant.
  ["grant_type: none", post({ grant_type: undefined }), "400 invalid_request"],
  ["grant_type: none, with Basic", basic(undefined, { grant_type: undefined }), "400 invalid_request"],
  ["grant_type: none, with a wrong secret", post({ grant_type: undefined, client_secret: "x" }), twoFaults],
  ["grant_type: empty", post({ grant_type: "" }), "400 invalid_request"],
  ["grant_type: in capitals", post({ grant_type: "CLIENT_CREDENTIALS" }), "400 unsupported_grant_type"],
  ["grant_type: with a space after it", post({ grant_type: "client_credentials " }), "400 unsupported_grant_type"],
  ["grant_type: unknown", post({ grant_type: "other" }), "400 unsupported_grant_type"],
  ["grant_type: unknown, with a wrong secret", post({ grant_type: "other", client_secret: "x" }), "401 invalid_client"],
  ["grant_type: implicit", post({ grant_type: "implicit" }), "400 unsupported_grant_type"],
  [
    "grant_type: token exchange",
    post({ grant_type: "urn:ietf:params:oauth:grant-type:token-exchange" }),
    "400 unsupported_grant_type"
  ],
  [
    "grant_type: authorization_code",
    post({ grant_type: "authorization_code", code: "x", redirect_uri: "https://app.example" }),
    grantElsewhere
  ],
  [
    "grant_type: refresh_token",
    post({ grant_type: "refresh_token", refresh_token: "x" }),
    "400 unsupported_grant_type"
  ],
  ["grant_type: password", post({ grant_type: "password", username: "x", password: "y" }), grantElsewhere],
  ["a client that may not use the grant", post(inForm(interactive)), grantOfOthers],
  ["a client that may not use the grant, with Basic", basic(pairOf(interactive)), grantOfOthers],

  // Scopes.
  ["scope: none", post({ scope: undefined }), allScopes],
  ["scope: empty", post({ scope: "" }), allScopes],
  ["scope: several", post({ scope }), "200 read:contacts read:users"],
  ["scope: several, in another order", post({ scope: "read:users read:contacts" }), "200 read:users read:contacts"],
  ["scope: one twice", post({ scope: "read:users read:users" }), ok],
  ["scope: one that the client may not have", post({ scope: "write:users" }), "400 invalid_scope"],
  [
    "scope: one that the client may not have beside one that it may",
    post({ scope: "read:users write:users" }),
    "400 invalid_scope"
  ],
  ["scope: an unknown one", post({ scope: "other" }), unknownScope],
  ["scope: in capitals", post({ scope: "READ:USERS" }), unknownScope],
  ["scope: two spaces", post({ scope: "read:users  read:contacts" }), "400 invalid_scope"],
  ["scope: a space before", post({ scope: " read:users" }), "400 invalid_scope"],
  ["scope: a space after", post({ scope: "read:users " }), "400 invalid_scope"],
  ["scope: only a space", post({ scope: " " }), "400 invalid_scope"],
  ["scope: a tab", post({ scope: "read:users\tread:contacts" }), "400 invalid_scope"],
  ["scope: a comma", post({ scope: "read:users,read:contacts" }), unknownScope],
  ["scope: a quote", post({ scope: 'read:"users"' }), "400 invalid_scope"],
  ["scope: a backslash", post({ scope: "read:\\users" }), "400 invalid_scope"],
  ["scope: a letter outside ASCII", post({ scope: "read:üsers" }), "400 invalid_scope"],
  ["scope: a NUL", post({ scope: "read:users\u0000" }), "400 invalid_scope"],
  ["scope: of 20 KB", post({ scope: "write:users ".repeat(1_700).trim() }), "400 invalid_scope"],
  ["scope: refused, with a wrong secret", post({ scope: "write:users", client_secret: "x" }), "401 invalid_client"],

  // Parameters.
  ["repeated: grant_type", raw(`${good}&grant_type=client_credentials`), "400 invalid_request"],
  ["repeated: client_id", raw(`${good}&client_id=job`), "400 invalid_request"],
  ["repeated: client_secret", raw(`${good}&client_secret=s3cr3t`), "400 invalid_request"],
  ["repeated: scope", raw(`${good}&scope=read:contacts`), "400 invalid_request"],
  ["repeated: scope, empty", raw(`${good}&scope=`), "400 invalid_request"],
  ["repeated: client_id, with Basic", withBody(`${formOf(grant)}&client_id=job&client_id=job`), "400 invalid_request"],
  ["repeated: scope, with a wrong secret", raw(`${good.replace("s3cr3t", "x")}&scope=read:users`), twoFaults],
  ["repeated: a parameter that is unknown", raw(`${good}&other=a&other=b`), ok],
  ["repeated: audience, as RFC 8693 has it", raw(`${good}&audience=a&audience=b`), ok],
  [
    "repeated: a parameter of another grant",
    raw(`${good}&username=a&username=b`),
    {
      kit: "400 invalid_request",
      provider: ok,
      because: "RFC 6749 §3.2 has no parameter twice; the provider drops those of other grants unseen"
    }
  ],
  ["an unknown parameter", post({ other: "x" }), ok],
  ["an unknown parameter without a value", raw(`${good}&other`), ok],
  ["a parameter with the name of a property", post({ ["__proto__"]: "x", constructor: "y" }), ok],
  ["a parameter's name in capitals", raw(good.replace("grant_type", "GRANT_TYPE")), "400 invalid_request"],
  ["a parameter's name, encoded", raw(good.replace("grant_type", "%67rant%5Ftype")), ok],
  ["a parameter without a name", raw(`${good}&=x`), ok],
  ["the parameters in another order", raw(good.split("&").reverse().join("&")), ok],
  ["an & at the end", raw(`${good}&`), ok],
  ["an & at the beginning, and two between", raw(`&${good.replaceAll("&", "&&")}`), ok],
  ["a line break at the end", raw(`${good}\r\n`), "401 invalid_client"],
  ["semicolons in place of &", raw(good.replaceAll("&", ";")), noClient],
  ["a second = in a value", raw(good.replace("s3cr3t", "s3cr3t=")), "401 invalid_client"],
  ["broken percent-encoding in an unknown parameter", raw(`${good}&other=%zz`), ok],
  ["broken percent-encoding in the secret", raw(good.replace("s3cr3t", "s3cr3t%zz")), "401 invalid_client"],
  ["percent-encoding that isn't UTF-8 in the secret", raw(good.replace("s3cr3t", "s3cr3t%ff")), "401 invalid_client"],
  ["broken percent-encoding in the scope", raw(good.replace("read%3Ausers", "read%zzusers")), unknownScope],

  // The body and its type.
  ["a charset", raw(good, type("application/x-www-form-urlencoded; charset=UTF-8")), ok],
  ["the charset of Latin-1", raw(good, type("application/x-www-form-urlencoded; charset=iso-8859-1")), ok],
  ["an unknown charset", raw(good, type("application/x-www-form-urlencoded; charset=other")), ok],
  ["a type in capitals", raw(good, type("APPLICATION/X-WWW-FORM-URLENCODED")), ok],
  ["spaces around the type", raw(good, type(" application/x-www-form-urlencoded ;charset=utf-8")), ok],
  ["a semicolon after the type", raw(good, type("application/x-www-form-urlencoded;")), ok],
  ["no type", raw(good, { headers: {} }), "400 invalid_request"],
  [
    "no type, with Basic",
    raw(formOf(grant), { headers: { authorization: `Basic ${goodPair}` } }),
    "400 invalid_request"
  ],
  ["an empty type", raw(good, type("")), "400 invalid_request"],
  ["two types", raw(good, type("application/x-www-form-urlencoded, text/plain")), "400 invalid_request"],
  ["JSON", raw(JSON.stringify(inForm(plain)), type("application/json")), "400 invalid_request"],
  ["JSON, with the type of a form", raw(JSON.stringify(inForm(plain))), "400 invalid_request"],
  ["a form, with the type of JSON", raw(good, type("application/json")), "400 invalid_request"],
  ["text/plain", raw(good, type("text/plain")), "400 invalid_request"],
  ["a multipart form", raw(multipart(inForm(plain)), type("multipart/form-data; boundary=x")), "400 invalid_request"],
  ["an empty body", raw(""), "400 invalid_request"],
  ["an empty body, with Basic", withBody(""), "400 invalid_request"],
  ["no body", raw("", { headers: {} }), "400 invalid_request"],
  ["a byte order mark before the body", raw(`\ufeff${good}`), "400 invalid_request"],
  [
    "a byte order mark, and a charset",
    raw(`\ufeff${good}`, type("application/x-www-form-urlencoded; charset=utf-8")),
    "400 invalid_request"
  ],
  ["a byte order mark, with Basic", withBody(`\ufeff${formOf(grant)}`), "400 invalid_request"],
  ["UTF-16", raw(Buffer.from(good, "utf16le")), "400 invalid_request"],
  ["a NUL at the end", raw(`${good}\u0000`), { kit: "401 invalid_client", provider: ok, because: padded }],
  ["a body of 50 KB", raw(`${good}&other=${"x".repeat(50_000)}`), ok],
  [
    "a body of 100 KB",
    raw(`${good}&other=${"x".repeat(100_000)}`),
    {
      kit: ok,
      provider: "400 invalid_request",
      because: "the provider reads 56 KB at most; no limit of CXone's is known"
    }
  ],
  [
    "a body in gzip",
    raw(gzipSync(good), { headers: { ...formType, "content-encoding": "gzip" } }),
    "400 invalid_request"
  ],
  ["a body in chunks", raw(good, { headers: { ...formType, "transfer-encoding": "chunked" } }), ok],

  // The method, the URL and the other headers.
  ["GET", raw("", { method: "GET", headers: {} }), otherMethod],
  ["GET, with the parameters in the URL", raw("", { method: "GET", headers: {}, query: `?${good}` }), otherMethod],
  ["GET, with a form", post({}, { method: "GET" }), otherMethod],
  ["HEAD", raw("", { method: "HEAD", headers: {} }), { ...otherMethod, kit: "405 -" }],
  ["PUT", post({}, { method: "PUT" }), otherMethod],
  ["PATCH", post({}, { method: "PATCH" }), otherMethod],
  ["DELETE", raw("", { method: "DELETE", headers: {} }), otherMethod],
  ["OPTIONS", raw("", { method: "OPTIONS", headers: {} }), otherMethod],
  [
    "OPTIONS, as a preflight",
    raw("", { method: "OPTIONS", headers: { origin: "https://app.example", "access-control-request-method": "POST" } }),
    {
      kit: "405 invalid_request",
      provider: "204 -, stored, not JSON",
      because: "CXone's token services send no CORS headers (docs/cxone-facts.md)"
    }
  ],
  ["all parameters in the URL", raw("", { query: `?${good}` }), "400 invalid_request"],
  [
    "the client in the URL",
    raw(formOf(grant), { query: `?${formOf({ client_id: "job", client_secret: "s3cr3t" })}` }),
    noClient
  ],
  [
    "the client in the URL, its secret in the form",
    post({ client_id: undefined }, { query: "?client_id=job" }),
    noClient
  ],
  [
    "the secret in the URL, its client in the form",
    post({ client_secret: undefined }, { query: "?client_secret=s3cr3t" }),
    "401 invalid_client"
  ],
  [
    "the scope in the URL",
    raw(formOf({ ...inForm(plain), scope: undefined }), { query: "?scope=read:users" }),
    allScopes
  ],
  ["the same parameters in the URL, too", post({}, { query: `?${good}` }), ok],
  ["other parameters in the URL", post({}, { query: "?client_secret=x&grant_type=other&a=b" }), ok],
  ["an empty query", post({}, { query: "?" }), ok],
  ["Accept: application/json", post({}, accept("application/json")), ok],
  ["Accept: text/html", post({}, accept("text/html")), ok],
  [
    "Accept: text/html, refused",
    post({ scope: "write:users" }, accept("text/html")),
    { kit: "400 invalid_scope", provider: "400 -, not JSON", because: asked }
  ],
  [
    "Accept: text/html, refused with 401",
    post({ client_secret: "x" }, accept("text/html")),
    { kit: "401 invalid_client", provider: "401 -, not JSON", because: asked }
  ],
  ["Accept: image/png, refused", post({ scope: "write:users" }, accept("image/png")), "400 invalid_scope"],
  ["Accept: */*, refused", post({ scope: "write:users" }, accept("*/*")), "400 invalid_scope"],
  ["an empty Accept header, refused", post({ scope: "write:users" }, accept("")), "400 invalid_scope"],
  ["a cookie", post({}, { headers: { ...formType, cookie: "a=b" } }), ok]
]

describe("POST /oauth/token, beside oidc-provider", () => {
  it.scopedLive.each(rows)("%s", ([, { query, ...request }, expected]) =>
    Effect.gen(function* () {
      const { environment } = yield* CxoneSimulator
      const { tokenEndpoint } = yield* startProvider
      const kit = yield* RawHttp.send(environment.tokenEndpoint + query, request)
      const provider = yield* RawHttp.send(tokenEndpoint + query, request)
      const answers = { kit: shown(kit), provider: shown(provider) }
      if (typeof expected === "string") {
        deepStrictEqual(answers, { kit: expected, provider: expected })
      } else {
        const { because, ...differing } = expected
        deepStrictEqual(answers, differing)
        assertTrue(differing.kit !== differing.provider, `no difference any more: ${because}`)
      }
    }).pipe(Effect.provide(simulatorLayer))
  )
})
