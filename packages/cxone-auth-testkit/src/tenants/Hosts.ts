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
  /** The host that a `Host` header names. Any other name counts as the identity host, because a proxy may change it. */
  readonly hostOf: (header: string | undefined) => Host
}

/**
 * Opens one host for the identity provider, and two for each area of the tenants. `open` gets the host name that is
 * used in memory, and returns the origin that the host really has.
 */
export const make = <Listener extends { readonly origin: string }, R>(
  options: Pick<SimulatorOptions, "tenants">,
  open: (name: string) => Effect.Effect<Listener, never, R>
): Effect.Effect<{ readonly hosts: Hosts; readonly listeners: ReadonlyArray<Listener> }, never, R> =>
  Effect.gen(function* () {
    const names = new Set((options.tenants ?? [defaultTenant]).map(({ area }) => area ?? defaultArea))
    const identity = yield* open(domain)
    const listeners = [identity]
    const areas = new Map<string, SimulatedArea>()
    const byAddress = new Map<string, Host>()
    for (const name of names) {
      if (!areaSyntax.test(name)) {
        throw new RangeError(`CxoneSimulator: "${name}" is no area; name it with lower-case letters and digits only`)
      }
      const userHub = yield* open(`${name}.${domain}`)
      const api = yield* open(`api-${name}.${domain}`)
      const cluster = `S${32 + areas.size}`
      const area = { area: name, cluster, areaOrigin: userHub.origin, apiOrigin: api.origin }
      listeners.push(userHub, api)
      areas.set(name, area)
      byAddress.set(new URL(userHub.origin).host, { _tag: "Area", origin: userHub.origin, area })
      byAddress.set(new URL(api.origin).host, { _tag: "Api", origin: api.origin, area })
    }
    const hostOf = (header: string | undefined): Host =>
      byAddress.get(header?.toLowerCase() ?? "") ?? { _tag: "Identity", origin: identity.origin }
    return { hosts: { identity: identity.origin, areas, hostOf }, listeners }
  })

// A hyphen isn't allowed, because the area `api-na1` would have the host name of the API of `na1`.
const areaSyntax = /^[a-z0-9]+$/
