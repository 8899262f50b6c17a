import { generateKeyPairSync, type KeyPairKeyObjectResult, sign as signBytes } from "node:crypto"
import * as Encoding from "effect/Encoding"
import { globalValue } from "effect/GlobalValue"

/** The `kid` of the key, which CXone's `id_token` has, too (docs/cxone-facts.md). */
export const keyId = "default"

/** The signature of a JWT (RS256, RFC 7518 §3.3) as base64url. It is synchronous, because `TestClock` can't drive a Promise. */
export const sign = (signingInput: string): string =>
  Encoding.encodeBase64Url(signBytes("RSA-SHA256", Buffer.from(signingInput), keyPair().privateKey))

/** The set of the one public key (RFC 7517 §5). */
export const jwks = (): { readonly keys: ReadonlyArray<object> } => ({
  keys: [{ ...keyPair().publicKey.export({ format: "jwk" }), kid: keyId, use: "sig", alg: "RS256" }]
})

// A key takes about as long as a hundred signatures: it is made when it is first needed, and once for a process.
const keyPair = (): KeyPairKeyObjectResult =>
  globalValue("cxone-auth-testkit/SigningKey", () => generateKeyPairSync("rsa", { modulusLength: 2048 }))
