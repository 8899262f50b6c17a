import { describe, expect, it } from "@effect/vitest"
import { Credentials } from "cxone-auth"
import { Redacted } from "effect"

describe("Credentials.clientSecret", () => {
  it.each([
    ["clientId", "", "s"],
    ["clientId", " id", "s"],
    ["clientSecret", "id", " "],
    ["clientSecret", "id", "canary-secret\n"]
  ])("refuses a bad %s at once, and does not repeat it", (field, clientId, secret) => {
    const build = () => Credentials.clientSecret({ clientId, clientSecret: Redacted.make(secret) })
    expect(build).toThrow(`Credentials.clientSecret: ${field}`)
    expect(build).not.toThrow(/canary/)
  })
})

describe("Credentials with an access key", () => {
  const client = { clientId: "id", clientSecret: Redacted.make("s") }
  const key = { accessKeyId: "key====", accessKeySecret: Redacted.make("k") }

  it.each([
    ["clientId", { clientId: "" }],
    ["clientId", { clientId: "a-key====" }],
    ["clientSecret", { clientSecret: Redacted.make(" canary") }],
    ["accessKeyId", { accessKeyId: "canary " }],
    ["accessKeySecret", { accessKeySecret: Redacted.make("") }]
  ])("refuses a bad %s at once, and does not repeat it", (field, wrong) => {
    const build = () => Credentials.accessKey({ ...client, ...key, ...wrong })
    expect(build).toThrow(`Credentials.accessKey: ${field}`)
    expect(build).not.toThrow(/canary/)
  })

  it.each([
    ["is missing", {}],
    ["is not redacted", { clientSecret: "canary", accessKeySecret: "canary" }],
    ["is not redacted", { clientSecret: null, accessKeySecret: null }]
  ])("a secret that %s is named, with what was expected", (problem, wrong) => {
    const builds: ReadonlyArray<readonly [field: string, build: () => unknown]> = [
      [
        "clientSecret: clientSecret",
        () => Reflect.apply(Credentials.clientSecret, undefined, [{ clientId: "id", ...wrong }])
      ],
      [
        "accessKeyOnly: accessKeySecret",
        () => Reflect.apply(Credentials.accessKeyOnly, undefined, [{ accessKeyId: "key====", ...wrong }])
      ]
    ]
    for (const [field, build] of builds) {
      expect(build).toThrow(TypeError)
      expect(build).toThrow(`Credentials.${field} ${problem}; expected a Redacted string`)
      expect(build).not.toThrow(/canary/)
    }
  })

  it("accessKeyOnly has the same rules, and clientSecret says where an access key's id belongs", () => {
    expect(() => Credentials.accessKeyOnly({ ...key, accessKeyId: " " })).toThrow(
      "Credentials.accessKeyOnly: accessKeyId is empty"
    )
    expect(() => Credentials.clientSecret({ ...client, clientId: "a-key====" })).toThrow("give that as accessKeyId")
  })
})
