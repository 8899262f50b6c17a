import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, Credentials, InvalidClient } from "cxone-auth"
import { Redacted } from "effect"
import * as Suspects from "../../src/exchange/Suspects.js"
import type { TokenRequest } from "../../src/exchange/TokenRequest.js"

const gateway = "https://platform.nice-ic.com/oauth/token"
const issuer = "https://cxone.niceincontact.com/auth/token"
const random = "aB3dE5gH7jK9mN1pQ3sT5vW7"

const suspectsOf = (
  {
    clientId = "reporting-job",
    clientSecret = random,
    key = false,
    hasCode = true,
    environment = "custom",
    about = "client"
  }: {
    readonly clientId?: string
    readonly clientSecret?: string
    readonly key?: boolean
    readonly hasCode?: boolean
    readonly environment?: TokenRequest["environment"]
    readonly about?: "client" | "key" | "any"
  },
  tokenEndpoint = issuer
) => {
  const client = { clientId, clientSecret: Redacted.make(clientSecret), clientAuth: ClientAuth.post }
  const accessKey = { accessKeyId: "key====", accessKeySecret: Redacted.make("secret====") }
  const credentials = key ? Credentials.accessKey({ ...client, ...accessKey }) : Credentials.clientSecret(client)
  const request = { credentials, scopes: [], tokenEndpoint: new URL(tokenEndpoint), environment }
  const { suspectFields, suspects } = Suspects.afterRefusal(request, about, hasCode)
  return [...suspects, ...suspectFields]
}

describe("what looks wrong with refused credentials", () => {
  it.each([
    ["nothing", suspectsOf({}), []],
    ["a client alone at the gateway", suspectsOf({}, gateway), ["gateway"]],
    ["a client with a key at the gateway's URL", suspectsOf({ key: true }, gateway), []],
    ["no code at a path that is no token endpoint", suspectsOf({ hasCode: false }, "https://a.test/"), ["other_path"]],
    [
      "the same where an issuer names it",
      suspectsOf({ hasCode: false, environment: "discover" }, "https://a.test/"),
      []
    ],
    ["a code at such a path", suspectsOf({}, "https://a.test/"), []],
    ["no code at a token endpoint", suspectsOf({ hasCode: false }), []],
    ["quotes around the id", suspectsOf({ clientId: '"id"' }), ["quotes", "clientId"]],
    ["quotes around the secret", suspectsOf({ clientSecret: "'s'" }), ["quotes", "clientSecret"]],
    ["one quote, at an end", suspectsOf({ clientSecret: "secret'" }), ["quotes", "clientSecret"]],
    ["a quote inside", suspectsOf({ clientSecret: "it's" }), []],
    ["a line break inside", suspectsOf({ clientSecret: "a\nb" }), ["line_break", "clientSecret"]],
    ["a variable of a shell", suspectsOf({ clientSecret: "$CXONE_SECRET" }), ["placeholder", "clientSecret"]],
    ["a variable of a template", suspectsOf({ clientId: "{{ client }}" }), ["placeholder", "clientId"]],
    ["a placeholder", suspectsOf({ clientSecret: "<your-secret>" }), ["placeholder", "clientSecret"]],
    ["the path of a mounted file", suspectsOf({ clientSecret: "/run/secrets/cxone" }), ["placeholder", "clientSecret"]],
    ["a secret with a slash at its start", suspectsOf({ clientSecret: "/aB3/x" }), []],
    ["an access key's secret", suspectsOf({ clientSecret: "QUJD====" }), ["key_secret"]],
    ["a dollar sign", suspectsOf({ clientSecret: "$ecret-5" }), []],
    ["a random id and a plain secret", suspectsOf({ clientId: random, clientSecret: "reporting-job" }), ["swapped"]],
    ["two random texts", suspectsOf({ clientId: `${random}X` }), []],
    [
      "a UUID as id",
      suspectsOf({ clientId: "0A1b2C3d-4E5f-6789-abcd-ef0123456789", clientSecret: "reporting-job" }),
      []
    ],
    ["a secret that is percent-encoded", suspectsOf({ clientSecret: "a%2Bb" }), ["percent_encoded", "clientSecret"]],
    ["a secret that is random and has a percent sign", suspectsOf({ clientSecret: "a+b/c%8a=" }), []],
    ["a space inside", suspectsOf({ clientSecret: "100% secret" }), ["unusual_character", "clientSecret"]],
    ["typographic quotes", suspectsOf({ clientSecret: "“secret”" }), ["unusual_character", "clientSecret"]],
    ["changeme", suspectsOf({ clientSecret: "changeme" }), ["placeholder", "clientSecret"]],
    ["undefined", suspectsOf({ clientId: "undefined" }), ["placeholder", "clientId"]],
    ["a vault's path", suspectsOf({ clientSecret: "vault:secret/data/cxone#secret" }), ["placeholder", "clientSecret"]],
    ["both fields", suspectsOf({ clientId: "'a'", clientSecret: "'b'" }), ["quotes", "clientId", "clientSecret"]],
    ["the client's field, if the key was refused", suspectsOf({ clientSecret: "'s'", key: true, about: "key" }), []],
    ["the key's secret as the client's", suspectsOf({ clientSecret: "QUJD====", key: true }), ["key_secret"]]
  ])("%s", (_, found, expected) => {
    expect(found).toEqual(expected)
  })

  it("before anything is sent: a rotation to the same credentials", () => {
    const withSecret = (secret: string) =>
      Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make(secret) })
    const warningsOf = (next: string) =>
      Suspects.warningsOf(Credentials.rotating({ current: withSecret("old"), next: withSecret(next) }))
    expect(warningsOf("old")).toEqual([
      "the next credentials (CXONE_CLIENT_SECRET_NEXT) are the same as the current ones"
    ])
    expect(warningsOf("new")).toEqual([])
  })

  it("each is said in the message, before what to check in general; the gateway comes after it", () => {
    const { message } = new InvalidClient({
      reason: "invalid_client",
      tokenEndpoint: gateway,
      status: 401,
      suspects: ["quotes", "gateway"],
      suspectFields: ["clientSecret"]
    })
    expect(message).toBe(
      `${gateway} refused the client (401 invalid_client). clientSecret (CXONE_CLIENT_SECRET) has quotes at an end, which count as a part of it: ` +
        "remove them. If that is not it: first check clientId (CXONE_CLIENT_ID) and clientSecret (CXONE_CLIENT_SECRET): both complete, from the same " +
        "application and not swapped, without quotes around them, the secret not already percent-encoded; then check that the application's type " +
        "allows the client_credentials grant; then that clientAuth (CXONE_CLIENT_AUTH: post or basic) is what the application was " +
        "registered for. The registration is in CXone's Admin portal under Applications > OAuth. At the platform gateway, " +
        "also check the region (CXONE_REGION; us if it is not set). If you hold an access key, this is not its place: use " +
        "Credentials.accessKey or Credentials.accessKeyOnly (CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET)."
    )
  })
})
