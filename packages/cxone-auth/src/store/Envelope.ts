/**
 * How a text is encrypted before it leaves the process, and under which name it is stored. Both come from the secret of the
 * credentials. So only a process that has the secret finds the entry and reads it.
 *
 * HKDF (RFC 5869, SHA-256) makes two keys from the secret: one for AES-256-GCM, and one for HMAC-SHA-256. The name is the
 * HMAC of what the text is about. It is also the additional data of the encryption, so an entry that was moved to another
 * name doesn't open.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TokenStoreError } from "./TokenStoreBackend.js"

/** What a text is about, and the secrets that are needed to read it. */
export interface Subject {
  /** The parts of the key: texts that are no secrets. */
  readonly about: ReadonlyArray<string>
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
}

export interface Envelope {
  /** 43 characters of base64url. */
  readonly name: string
  readonly seal: (text: string) => Effect.Effect<string, TokenStoreError>
  /** The text. `None` for anything that this envelope did not seal: other secrets, another name or version, garbage. */
  readonly open: (sealed: string) => Effect.Effect<Option.Option<string>>
}

/**
 * The first byte of what is stored, and part of the name: processes with two versions of this library don't overwrite each
 * other's entries.
 */
const version = 1

/** The recommended length of the initialization vector (NIST SP 800-38D §5.2.1.1), in bytes. */
const ivLength = 12

const utf8 = new TextEncoder()

// Parts are kept apart by their lengths, so that no two lists give the same bytes.
const bytesOf = (parts: ReadonlyArray<string>) => utf8.encode(parts.map((part) => `${part.length}:${part}`).join(""))

const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  parts.reduce((offset, part) => {
    all.set(part, offset)
    return offset + part.length
  }, 0)
  return all
}

/** Makes the envelope for a subject. It fails in a runtime without WebCrypto. */
export const make = (subject: Subject): Effect.Effect<Envelope, TokenStoreError> => attempt(() => derive(subject))

const attempt = <A>(work: () => Promise<A>): Effect.Effect<A, TokenStoreError> =>
  Effect.tryPromise({ try: work, catch: () => new TokenStoreError({ message: "WebCrypto failed" }) })

const derive = async (subject: Subject): Promise<Envelope> => {
  const { subtle } = globalThis.crypto
  const secret = await subtle.importKey("raw", bytesOf(subject.secrets.map(Redacted.value)), "HKDF", false, [
    "deriveKey"
  ])
  const hkdf = (purpose: string) => ({
    name: "HKDF",
    hash: "SHA-256",
    salt: utf8.encode("cxone-auth/TokenStore"),
    info: utf8.encode(purpose)
  })
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 }
  const aes = { name: "AES-GCM", length: 256 }
  const naming = await subtle.deriveKey(hkdf("name"), secret, hmac, false, ["sign"])
  const sealing = await subtle.deriveKey(hkdf("seal"), secret, aes, false, ["encrypt", "decrypt"])
  const digest = await subtle.sign("HMAC", naming, bytesOf([String(version), ...subject.about]))
  const name = Encoding.encodeBase64Url(new Uint8Array(digest))
  const additionalData = utf8.encode(name)

  return {
    name,
    seal: (text) =>
      attempt(async () => {
        const iv = globalThis.crypto.getRandomValues(new Uint8Array(ivLength))
        const sealed = await subtle.encrypt({ name: "AES-GCM", iv, additionalData }, sealing, utf8.encode(text))
        return Encoding.encodeBase64Url(concat(Uint8Array.of(version), iv, new Uint8Array(sealed)))
      }),
    open: (sealed) => {
      const bytes = Either.getOrElse(Encoding.decodeBase64Url(sealed), () => Uint8Array.of())
      if (bytes[0] !== version) {
        return Effect.succeedNone
      }
      const iv = bytes.slice(1, 1 + ivLength)
      return Effect.option(
        attempt(async () => {
          const text = await subtle.decrypt({ name: "AES-GCM", iv, additionalData }, sealing, bytes.slice(1 + ivLength))
          return new TextDecoder().decode(text)
        })
      )
    }
  }
}
