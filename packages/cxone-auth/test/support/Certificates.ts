import { Clock, Duration, Effect } from "effect"
import { generate } from "selfsigned"

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const hour = Duration.toMillis("1 hour")

const thisMachine = [
  { type: 7, ip: "127.0.0.1" },
  { type: 2, value: "localhost" },
  // Through a proxy that leads here: nobody asks one for localhost.
  { type: 2, value: "api.example" }
] as const

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>["extensions"]>

const make = (
  commonName: string,
  extensions: Extensions,
  { from = -hour, to = hour, ...signedBy }: { readonly from?: number; readonly to?: number; readonly ca?: Certificate }
): Effect.Effect<Certificate> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.promise(async () => {
      const { cert, private: key } = await generate([{ name: "commonName", value: commonName }], {
        keyType: "ec",
        algorithm: "sha256",
        notBeforeDate: new Date(now + from),
        notAfterDate: new Date(now + to),
        extensions,
        ...signedBy
      })
      return { cert, key }
    })
  )

const ofThisMachine: Extensions = [{ name: "subjectAltName", altNames: [...thisMachine] }]
const ofAnotherHost: Extensions = [{ name: "subjectAltName", altNames: [{ type: 2, value: "other.cxone.test" }] }]

/** An authority, and certificates: each has one fault at the most. */
export const certificates = Effect.gen(function* () {
  const authority = yield* make(
    "the authority",
    [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, digitalSignature: true, critical: true }
    ],
    {}
  )
  const signed = (extensions: Extensions, period: { readonly from?: number; readonly to?: number } = {}) =>
    make("a server", extensions, { ...period, ca: authority })
  return yield* Effect.all({
    authority: Effect.succeed(authority),
    good: signed(ofThisMachine),
    ended: signed(ofThisMachine, { from: -3 * hour, to: -hour }),
    early: signed(ofThisMachine, { from: hour, to: 3 * hour }),
    ofAnotherHost: signed(ofAnotherHost),
    selfSigned: make("a server", ofThisMachine, {}),
    ofUnknownAuthority: Effect.flatMap(make("another authority", [{ name: "basicConstraints", cA: true }], {}), (ca) =>
      make("a server", ofThisMachine, { ca })
    )
  })
})
