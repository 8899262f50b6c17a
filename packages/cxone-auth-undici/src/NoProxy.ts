/** Which hosts are asked directly, past the proxies. */
import { BlockList, isIP } from "node:net"

/** What `NO_PROXY` says. */
export interface NoProxy {
  /** Whether the host of a URL is asked directly: this machine always is. */
  readonly exempts: (url: URL) => boolean
  /** Where the list was set. */
  readonly setting: string
  /** The list, as a log may show it. */
  readonly shown: string
  /** The entries that can match no host, as a log may show them. */
  readonly idle: ReadonlyArray<string>
}

interface Host {
  readonly name: string
  readonly family: Family | undefined
  readonly port: number
}

type Family = "ipv4" | "ipv6"
type Matcher = (host: Host) => boolean

/** No URL has an address with a zone. */
const familyOf = (name: string): Family | undefined => {
  const version = name.includes("%") ? 0 : isIP(name)
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6"
}

const defaultPorts: { readonly [protocol: string]: number } = { "http:": 80, "https:": 443 }

const bare = (hostname: string): string => hostname.replace(/^\[|\]$|\.$/g, "")

const hostOf = ({ hostname, port, protocol }: URL): Host => {
  const name = bare(hostname)
  return { name, family: familyOf(name), port: port === "" ? (defaultPorts[protocol] ?? 0) : Number(port) }
}

const isWithin = (name: string, { name: host }: Host): boolean => host === name || host.endsWith(`.${name}`)

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8)
loopback.addAddress("::1", "ipv6")

/** A proxy's own localhost is another machine. What an app may send to its own in plain text is not for others to read. */
const isThisMachine: Matcher = (host) =>
  host.family === undefined ? isWithin("localhost", host) : loopback.check(host.name, host.family)

/** An address, or a range such as `10.0.0.0/8`. */
const addresses = (entry: string): Matcher | undefined => {
  const [, start = entry, bits] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? []
  const address = start.startsWith("[") ? start.slice(1, -1) : start
  const family = familyOf(address)
  if (family === undefined) {
    return undefined
  }
  const range = new BlockList()
  try {
    range.addSubnet(address, Number(bits ?? (family === "ipv4" ? 32 : 128)), family)
  } catch {
    // More bits than the address has.
    return undefined
  }
  return (host) => host.family !== undefined && range.check(host.name, host.family)
}

/** A name with its subdomains. The URL parser reads it as it reads those of requests: other letters than ASCII, for one. */
const names = (entry: string): Matcher | undefined => {
  const url = `http://${entry.replace(/^\*?\./, "").replace(/\.$/, "")}/`
  const { hostname, href } = URL.canParse(url) ? new URL(url) : { hostname: "", href: url }
  const isName = href === `http://${hostname}/` && hostname !== "" && !hostname.includes("*") && isIP(hostname) === 0
  return isName ? (host) => host.family === undefined && isWithin(hostname, host) : undefined
}

const matcherOf = (entry: string): Matcher | undefined => {
  // The colons of an address that is bare don't begin a port.
  const [, place = entry, port] = isIP(entry) === 6 ? [] : (/^(.+):(\d{1,5})$/.exec(entry) ?? [])
  const matches = place === "*" ? () => true : (addresses(place) ?? names(place))
  return matches && port !== undefined ? (host) => host.port === Number(port) && matches(host) : matches
}

/** Reads a list. `setting` is its name, for whoever has to mend it. */
export const parse = (list: string, setting: string): NoProxy => {
  const entries = list.split(/[,\s]/).filter((entry) => entry !== "")
  const read = entries.map(matcherOf)
  const matchers = read.filter((matcher) => matcher !== undefined)
  // A password is before an @. It may hold a comma.
  const isSecret = list.includes("@")
  return {
    exempts: (url) => {
      const host = hostOf(url)
      return isThisMachine(host) || matchers.some((matches) => matches(host))
    },
    setting,
    shown: isSecret ? "a list with an @, which is not shown" : list,
    idle: entries.flatMap((entry, index) =>
      read[index] === undefined ? [isSecret ? `entry ${index + 1}` : entry] : []
    )
  }
}
