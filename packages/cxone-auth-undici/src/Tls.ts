/** Certificates and keys, as Node takes them. */
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Tls from "node:tls"
import * as Redacted from "effect/Redacted"
import { refuse, type TlsOptions } from "./Options.js"

/** For connections to hosts, and for those to proxies. `undefined` is what Node has by itself. */
export interface Contexts {
  readonly hosts: Tls.SecureContext | undefined
  readonly proxies: Tls.SecureContext | undefined
}

/** Whether a text begins with a certificate that can be read. */
export const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

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
  const own = [ca ?? []].flat()
  if (!own.every(isCertificate)) {
    refuse("tls.ca must be certificates as PEM")
  }
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
