import { describe, expect, it } from "@effect/vitest"
import { Credentials } from "cxone-auth"
import { Equal, Record, Redacted } from "effect"
import { isInput, trimmedIn } from "../../src/exchange/Credentials.js"

describe("Credentials.clientSecret", () => {
  it.each([
    ["clientId", "", "canary"],
    ["clientSecret", "canary", " "]
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
    ["clientSecret", { clientSecret: Redacted.make("\n") }],
    ["accessKeyId", { accessKeyId: " " }],
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

describe("Credentials, what plain JavaScript may pass", () => {
  const current = Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("s") })

  it("white space at either end of an id or a secret is dropped, as most files end with a line break", () => {
    const clean = { clientId: "id", clientSecret: "s", accessKeyId: "key====", accessKeySecret: "k====" }
    const padded = Record.map(clean, (text) => `\t ${text}\r\n`)
    const from = ({ accessKeySecret, clientSecret, ...ids }: typeof clean) =>
      Credentials.accessKey({
        ...ids,
        clientSecret: Redacted.make(clientSecret),
        accessKeySecret: Redacted.make(accessKeySecret)
      })
    expect(Equal.equals(from(padded), from(clean))).toBe(true)
    expect(trimmedIn(from(padded))).toEqual(["clientId", "clientSecret", "accessKeyId", "accessKeySecret"])
    expect(trimmedIn(from(clean))).toEqual([])
  })

  it.each([
    [
      "a name in place of a function",
      Credentials.clientSecret,
      { ...current, clientAuth: "basic" },
      "clientSecret: clientAuth must be ClientAuth.post"
    ],
    [
      "no next credentials",
      Credentials.rotating,
      { current },
      "rotating: next must be made by a constructor of Credentials"
    ],
    [
      "a rotation in a rotation",
      Credentials.rotating,
      { current: Credentials.rotating({ current, next: current }), next: current },
      "rotating: current must be made by a constructor of Credentials"
    ]
  ])("%s is refused by name", (_, build, options, message) => {
    const built = () => Reflect.apply(build, undefined, [options])
    expect(built).toThrow(TypeError)
    expect(built).toThrow(`Credentials.${message}`)
  })

  it.each([
    ["made by hand, with a plain secret", { _tag: "ClientSecret", clientId: "id", clientSecret: "canary" }, false],
    ["a rotation made by hand", { _tag: "RotatingCredentials", current, next: {} }, false],
    ["nothing", undefined, false],
    ["a copy", { ...current }, true],
    ["a rotation", Credentials.rotating({ current, next: current }), true]
  ])("are credentials: %s", (_, input, expected) => {
    expect(isInput(input)).toBe(expected)
  })
})
