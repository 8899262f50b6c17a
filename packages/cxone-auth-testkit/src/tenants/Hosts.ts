import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defaultArea, defaultTenant, type SimulatedArea, type SimulatedTenant } from "../options/SimulatedTenant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"

/** No such domain can exist (RFC 2606 §2), so no request reaches a real host by mistake. */
export const domain = "cxone-simulator.test"

/** A host of the simulator: the identity provider, the UserHub of an area, or the API of an area. */
export type Host =
  | { readonly _tag: "Identity"; readonly origin: string }
  | { readonly _tag: "Area"; readonly origin: string; readonly area: SimulatedArea }
  | { readonly _tag: "Api"; readonly origin: string; readonly area: SimulatedArea }

export interface Hosts {
  /** The origin of the first identity host. */
  readonly identity: string
  /** The origins of the other identity hosts, by the name of the issuer. */
  readonly issuers: ReadonlyMap<string, string>
  /** By the name of the area. */
  readonly areas: ReadonlyMap<string, SimulatedArea>
}

/** What listens for the requests to a host. A request's `Host` header counts for nothing, because a client or a proxy sets it. */
export interface Site<Listener> {
  readonly host: Host
  readonly listener: Listener
}

/**
 * Opens one host for each identity provider, and two for each area of the tenants. `open` gets the host name that is
 * used in memory, and returns the origin that the host really has.
 */
export const make = <Listener extends { readonly origin: string }, R>(
  options: Pick<SimulatorOptions, "tenants">,
  open: (name: string) => Effect.Effect<Listener, never, R>
): Effect.Effect<{ readonly hosts: Hosts; readonly sites: ReadonlyArray<Site<Listener>> }, never, R> =>
  Effect.gen(function* () {
    const tenants: ReadonlyArray<SimulatedTenant> = options.tenants ?? [defaultTenant]
    if (tenants.length === 0) {
      throw new RangeError("CxoneSimulator: tenants is empty; name one, or leave it out")
    }
    const names = new Set(tenants.map(({ area }) => area ?? defaultArea))
    const identity = yield* open(domain)
    const sites: Array<Site<Listener>> = [{ listener: identity, host: { _tag: "Identity", origin: identity.origin } }]
    const issuers = new Map<string, string>()
    for (const name of new Set(Arr.getSomes(tenants.map(({ issuer }) => Option.fromNullable(issuer))))) {
      requireName("issuer", name)
      const listener = yield* open(`login-${name}.${domain}`)
      issuers.set(name, listener.origin)
      sites.push({ listener, host: { _tag: "Identity", origin: listener.origin } })
    }
    const areas = new Map<string, SimulatedArea>()
    for (const name of names) {
      requireName("area", name)
      const userHub = yield* open(`${name}.${domain}`)
      const api = yield* open(`api-${name}.${domain}`)
      const cluster = `S${32 + areas.size}`
      const area = { area: name, cluster, areaOrigin: userHub.origin, apiOrigin: api.origin }
      areas.set(name, area)
      sites.push(
        { listener: userHub, host: { _tag: "Area", origin: userHub.origin, area } },
        { listener: api, host: { _tag: "Api", origin: api.origin, area } }
      )
    }
    return { hosts: { identity: identity.origin, issuers, areas }, sites }
  })

// A hyphen isn't allowed, because the area `api-na1` would have the host name of the API of `na1`.
const requireName = (what: "area" | "issuer", name: string): void => {
  if (!/^[a-z0-9]+$/.test(name)) {
    throw new RangeError(`CxoneSimulator: "${name}" is no ${what}; name it with lower-case letters and digits only`)
  }
}
