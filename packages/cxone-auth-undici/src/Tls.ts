/** Certificates and keys, as Node takes them. */
import { X509Certificate } from "node:crypto"
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

/** What Node trusts by itself. Only from Node 22.15 on does it say so; `ca` would replace that. */
export const trusted = (): ReadonlyArray<string> => {
  // Newer than the types, which are those of Node 20.
  const { getCACertificates } = Tls as typeof Tls & { readonly getCACertificates?: () => ReadonlyArray<string> }
  return getCACertificates?.() ?? [...Tls.rootCertificates, ...extraOfNode()]
}

/** Reads certificates and keys once, because reading the authorities takes milliseconds. */
export const contextsOf = ({ ca, cert, key, passphrase }: TlsOptions): Contexts => {
  const own = authoritiesOf(ca ?? [])
  const authorities = own.length === 0 ? {} : { ca: [...trusted(), ...own] }
  const proxies = own.length === 0 ? undefined : Tls.createSecureContext(authorities)
  if (cert === undefined || key === undefined) {
    return { hosts: proxies, proxies }
  }
  try {
    const secret = passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }
    return { hosts: Tls.createSecureContext({ ...authorities, cert, key: Redacted.value(key), ...secret }), proxies }
  } catch {
    return refuse(
      "tls.cert, tls.key and tls.passphrase must be a certificate as PEM, its key, and the passphrase of that"
    )
  }
}
