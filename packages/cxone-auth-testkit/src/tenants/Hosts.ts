/**
 * The hosts of the simulator, and which of them a request is for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { defaultArea, defaultTenant, type SimulatedArea } from "../options/SimulatedTenant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"

/**
 * The domain of the simulator. It can't exist (RFC 2606 §2), so no request gets out by mistake.
 *
 * @since 0.1.0
 * @category constants
 */
export const domain = "cxone-simulator.test"

/**
 * A host of the simulator: the global one, which knows every client; the UserHub of an area; or the API of an area.
 *
 * @since 0.1.0
 * @category models
 */
export type Host =
  | { readonly _tag: "Identity"; readonly origin: URL }
  | { readonly _tag: "Area"; readonly origin: URL; readonly area: SimulatedArea }
  | { readonly _tag: "Api"; readonly origin: URL; readonly area: SimulatedArea }

/**
 * All hosts of a simulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hosts {
  readonly identity: URL
  /** By the name of the area. */
  readonly areas: ReadonlyMap<string, SimulatedArea>
  /** The site that a `Host` header names. Any other name is one that the identity host has somewhere else. */
  readonly hostOf: (header: string | undefined) => Host
}

/**
 * Opens one host for the identity provider and two for each area of the tenants. `open` is given the host name that it
 * has in memory, and says where it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Listener extends { readonly origin: URL }, R>(
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
        throw new RangeError(`CxoneSimulator: an area is named by lower-case letters and digits, not "${name}"`)
      }
      const userHub = yield* open(`${name}.${domain}`)
      const api = yield* open(`api-${name}.${domain}`)
      const cluster = `S${32 + areas.size}`
      const area = { area: name, cluster, areaOrigin: userHub.origin, apiOrigin: api.origin }
      listeners.push(userHub, api)
      areas.set(name, area)
      byAddress.set(userHub.origin.host, { _tag: "Area", origin: userHub.origin, area })
      byAddress.set(api.origin.host, { _tag: "Api", origin: api.origin, area })
    }
    const hostOf = (header: string | undefined): Host =>
      byAddress.get(header?.toLowerCase() ?? "") ?? { _tag: "Identity", origin: identity.origin }
    return { hosts: { identity: identity.origin, areas, hostOf }, listeners }
  })

// Without a hyphen, so that no area can be called what the API host of another is.
const areaSyntax = /^[a-z0-9]+$/
