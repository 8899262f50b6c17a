import { format, inspect } from "node:util"
import { Cause, Effect, Encoding, type Exit, HashMap, Logger, LogLevel, Runtime } from "effect"

export const clientSecret = `c4n4ry "s/e+c=r%et" £€`

/** It ends as access keys do. */
export const accessKeySecret = "k3y-c4n4ry +/%:é===="

const claims = Encoding.encodeBase64Url(JSON.stringify({ name: "c4n4ry Person", exp: 4_000_000_000 }))

/** A JWT, so that its claims are secrets as well. */
export const tokenValue = `eyJhbGciOiJSUzI1NiJ9.${claims}.c4n4rySignature`

export const clientId = "an-id"

/** Another JWT: an id token, of which only tenant and issuer may be shown. */
export const idToken = `eyJhbGciOiJSUzI1NiJ9.${Encoding.encodeBase64Url(
  JSON.stringify({ name: "c4n4ry Person", tenantId: "t", iss: "https://cxone.niceincontact.com" })
)}.c4n4rySignature`

const formEncoded = new URLSearchParams({ s: clientSecret }).toString().slice(2)
const basic = Buffer.from(`${clientId}:${formEncoded}`).toString("base64")

/** A piece of each secret, for spellings that are not listed. */
const piece = "c4n4ry"

const wanted: ReadonlyArray<string> = [
  piece,
  clientSecret,
  accessKeySecret,
  idToken,
  basic,
  tokenValue,
  claims,
  "c4n4rySignature",
  "c4n4ry Person"
]

const spellingsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ s: secret }).toString().slice(2),
  JSON.stringify(secret).slice(1, -1),
  inspect(secret).slice(1, -1),
  Buffer.from(secret).toString("base64"),
  Buffer.from(secret).toString("hex")
]

const spellings = Array.from(new Set(wanted.flatMap(spellingsOf).map((spelling) => spelling.toLowerCase())))

/** The secrets that a text contains, in any spelling. */
export const foundIn = (text: string): ReadonlyArray<string> => {
  const lowered = text.toLowerCase()
  return spellings.filter((spelling) => lowered.includes(spelling))
}

const attempt = (render: () => string): string => {
  try {
    return render()
  } catch (error) {
    return `(${error})`
  }
}

/** Every way to print a value. */
export const renderings = (value: unknown): ReadonlyArray<readonly [how: string, text: string]> => [
  ["String", attempt(() => String(value))],
  ["JSON.stringify", attempt(() => JSON.stringify(value) ?? "")],
  ["inspect", attempt(() => inspect(value, { depth: 12, showHidden: true }))],
  [
    "inspect without the value's own view",
    attempt(() => inspect(value, { depth: 12, showHidden: true, customInspect: false }))
  ],
  ["console.log", attempt(() => format("%s %o %O %j", value, value, value, value))],
  ["its message and stack", value instanceof Error ? `${value.message} ${value.stack} ${inspect(value.cause)}` : ""],
  [
    "its own properties",
    typeof value === "object" && value !== null ? inspect(Object.entries(value), { depth: 12 }) : ""
  ],
  ["a rejected promise", attempt(() => inspect(Runtime.makeFiberFailure(Cause.fail(value)), { depth: 12 }))]
]

/** Every way to print an exit. */
export const renderingsOfExit = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<readonly [string, string]> =>
  exit._tag === "Success"
    ? renderings(exit.value)
    : [
        ...renderings(Cause.squash(exit.cause)),
        ...renderings(exit.cause),
        ["Cause.pretty", Cause.pretty(exit.cause, { renderErrorCause: true })],
        ["a FiberFailure", inspect(Runtime.makeFiberFailure(exit.cause), { depth: 12, showHidden: true })]
      ]

/** Runs an effect and keeps every log line of any level, as each of Effect's loggers writes it. */
export const withLogs = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const keep = Logger.make((options) => {
      lines.push(Logger.stringLogger.log(options), Logger.logfmtLogger.log(options), Logger.jsonLogger.log(options))
      lines.push(inspect(Logger.structuredLogger.log(options), { depth: 12 }))
      lines.push(inspect([options.message, options.cause, HashMap.toEntries(options.annotations)], { depth: 12 }))
    })
    return effect.pipe(
      Effect.provide(Logger.add(keep)),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.map((result) => ({ result, lines }))
    )
  })
