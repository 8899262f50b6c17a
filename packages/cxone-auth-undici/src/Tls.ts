/** Certificates and keys, as Node takes them. */
import { createPrivateKey, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Tls from "node:tls"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { refuse, type TlsOptions } from "./Options.js"

/** For connections to hosts, and for those to proxies. `undefined` is Node's default context. */
export interface Contexts {
  readonly hosts: Tls.SecureContext | undefined
  readonly proxies: Tls.SecureContext | undefined
}

const begin = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g
const end = /-----END (?:X509 |TRUSTED )?CERTIFICATE-----/
const afterEnd = /(?<=-----END (?:X509 |TRUSTED )?CERTIFICATE-----)/

const isCertificate = (pem: string): boolean => {
  try {
    return pem.match(begin)?.length === 1 && new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

/**
 * The certificates of a bundle, each as PEM. OpenSSL leaves out those from the first one on that it can't read, and says
 * nothing of it. On the left is what is wrong, as the end of a sentence.
 */
export const certificatesOf = (bundle: string): Either.Either<ReadonlyArray<string>, string> => {
  const all = bundle.split(afterEnd).filter((part) => end.test(part) || part.match(begin) !== null)
  const damaged = all.findIndex((pem) => !isCertificate(pem))
  return all.length === 0
    ? Either.left("it holds none")
    : damaged === -1
      ? Either.right(all)
      : Either.left(`certificate ${damaged + 1} of ${all.length} can't be read`)
}

/** The certificates of the option `tls.ca`. */
const authoritiesOf = (ca: NonNullable<TlsOptions["ca"]>): ReadonlyArray<string> =>
  [ca]
    .flat()
    .flatMap((bundle, index) =>
      Either.getOrElse(certificatesOf(bundle), (objection) =>
        refuse(`tls.ca${typeof ca === "string" ? "" : `[${index}]`} must be certificates as PEM: ${objection}`)
      )
    )

/** What `NODE_EXTRA_CA_CERTS` names. Like Node, it goes on without a file that can't be read: Node has warned of it. */
const extraOfNode = (): ReadonlyArray<string> => {
  try {
    return process.env.NODE_EXTRA_CA_CERTS ? [readFileSync(process.env.NODE_EXTRA_CA_CERTS, "utf8")] : []
  } catch {
    return []
  }
}

/**
 * Adds authorities to those that Node trusts by itself, wherever it has them from, also with `--use-openssl-ca` or
 * `--use-system-ca`. The option `ca` would replace them, and no function of Node lists those of OpenSSL.
 */
const trusting = (context: Tls.SecureContext, authorities: ReadonlyArray<string>): Tls.SecureContext => {
  // What Node itself does with each `ca`. Its types say `any`.
  const native: { readonly addCACert: (pem: string) => void } = context.context
  // A store that is added to has lost the extra ones in Node 20.
  for (const pem of authorities.length === 0 ? [] : [...extraOfNode(), ...authorities]) {
    native.addCACert(pem)
  }
  return context
}

/** Reads certificates and keys once, because that takes milliseconds. */
export const contextsOf = ({ ca, cert, key, passphrase }: TlsOptions): Contexts => {
  const own = authoritiesOf(ca ?? [])
  const proxies = own.length === 0 ? undefined : trusting(Tls.createSecureContext(), own)
  if (cert === undefined || key === undefined) {
    return { hosts: proxies, proxies }
  }
  const secret = passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }
  try {
    return { hosts: trusting(Tls.createSecureContext({ cert, key: Redacted.value(key), ...secret }), own), proxies }
  } catch {
    return refuse(objectionTo(cert, { key: Redacted.value(key), ...secret }))
  }
}

/** Why a certificate and a key are not taken. OpenSSL's own messages differ from version to version. */
const objectionTo = (cert: string, key: { readonly key: string; readonly passphrase?: string }): string => {
  const chain = certificatesOf(cert)
  if (Either.isLeft(chain)) {
    return `tls.cert must be certificates as PEM: ${chain.left}`
  }
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
      ? "Node takes neither tls.cert nor tls.key"
      : "tls.key must be the key of tls.cert"
  } catch {
    if (!key.key.includes("ENCRYPTED")) {
      return "tls.key must be a key as PEM"
    }
    return key.passphrase === undefined
      ? "tls.key is encrypted: give tls.passphrase"
      : "tls.passphrase must be that of tls.key, which must be a key as PEM"
  }
}
