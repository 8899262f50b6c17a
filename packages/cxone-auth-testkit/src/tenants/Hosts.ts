import * as Effect from "effect/Effect"
import { defaultArea, defaultTenant, type SimulatedArea } from "../options/SimulatedTenant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"

/** No such domain can exist (RFC 2606 §2), so no request reaches a real host by mistake. */
export const domain = "cxone-simulator.test"

/** A host of the simulator: the identity provider, the UserHub of an area, or the API of an area. */
export type Host =
  | { readonly _tag: "Identity"; readonly origin: string }
  | { readonly _tag: "Area"; readonly origin: string; readonly area: SimulatedArea }
  | { readonly _tag: "Api"; readonly origin: string; readonly area: SimulatedArea }

export interface Hosts {
  readonly identity: string
  /** By the name of the area. */
  readonly areas: ReadonlyMap<string, SimulatedArea>
}

/** What listens for the requests to a host. A request's `Host` header counts for nothing, because a client or a proxy sets it. */
export interface Site<Listener> {
  readonly host: Host
  readonly listener: Listener
}

/**
 * Opens one host for the identity provider, and two for each area of the tenants. `open` gets the host name that is
 * used in memory, and returns the origin that the host really has.
 */
export const make = <Listener extends { readonly origin: string }, R>(
  options: Pick<SimulatorOptions, "tenants">,
  open: (name: string) => Effect.Effect<Listener, never, R>
): Effect.Effect<{ readonly hosts: Hosts; readonly sites: ReadonlyArray<Site<Listener>> }, never, R> =>
  Effect.gen(function* () {
    const names = new Set((options.tenants ?? [defaultTenant]).map(({ area }) => area ?? defaultArea))
    const identity = yield* open(domain)
    const sites: Array<Site<Listener>> = [{ listener: identity, host: { _tag: "Identity", origin: identity.origin } }]
    const areas = new Map<string, SimulatedArea>()
    for (const name of names) {
      if (!areaSyntax.test(name)) {
        throw new RangeError(`CxoneSimulator: "${name}" is no area; name it with lower-case letters and digits only`)
      }
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
    return { hosts: { identity: identity.origin, areas }, sites }
  })

// A hyphen isn't allowed, because the area `api-na1` would have the host name of the API of `na1`.
const areaSyntax = /^[a-z0-9]+$/
