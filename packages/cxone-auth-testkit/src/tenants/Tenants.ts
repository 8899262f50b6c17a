import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import {
  defaultArea,
  defaultTenant,
  type PlacedTenant,
  type SimulatedAccessKey,
  type SimulatedTenant
} from "../options/SimulatedTenant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Hosts } from "./Hosts.js"

/** The tenants with their areas, and the access keys that are active. */
export interface Tenants {
  /** The tenants of the options. */
  readonly initial: Arr.NonEmptyReadonlyArray<PlacedTenant>
  readonly tenantOf: (tenantId: string) => Effect.Effect<Option.Option<PlacedTenant>>
  /** The tenant of an access key; none if the secret is wrong or the key was deactivated. */
  readonly ownerOf: (key: SimulatedAccessKey) => Effect.Effect<Option.Option<PlacedTenant>>
  /** The id of the tenant that an access key belongs to, active or not. */
  readonly holderOf: (accessKeyId: string) => Effect.Effect<Option.Option<string>>
  /**
   * Adds a tenant, or replaces the one with that id, and activates its keys. It is a defect if no host serves the area,
   * if a key is listed twice, or if a key belongs to another tenant.
   */
  readonly register: (tenant: SimulatedTenant) => Effect.Effect<void>
  readonly deactivate: (accessKeyId: string) => Effect.Effect<void>
  /** Restores the tenants of the options, with active keys. */
  readonly reset: Effect.Effect<void>
}

interface State {
  readonly tenants: HashMap.HashMap<string, PlacedTenant>
  readonly inactive: HashSet.HashSet<string>
}

/** If two tenants have the same id, that is a defect. */
export const make = (options: Pick<SimulatorOptions, "tenants">, hosts: Hosts): Effect.Effect<Tenants> =>
  Effect.gen(function* () {
    const given: Arr.NonEmptyReadonlyArray<SimulatedTenant> = options.tenants ?? [defaultTenant]
    const initial = Arr.map(given, (tenant) => place(hosts, tenant))
    if (new Set(initial.map(({ tenantId }) => tenantId)).size < initial.length) {
      throw new RangeError("CxoneSimulator: two tenants have the same tenantId; give each tenant its own")
    }
    const empty: State = { tenants: HashMap.empty(), inactive: HashSet.empty() }
    const first = initial.reduce(withTenant, empty)
    const state = yield* Ref.make(first)
    const tenantOf = (tenantId: string) => Effect.map(Ref.get(state), ({ tenants }) => HashMap.get(tenants, tenantId))

    return {
      initial,
      tenantOf,
      ownerOf: (key) =>
        Effect.map(Ref.get(state), ({ inactive, tenants }) =>
          HashSet.has(inactive, key.accessKeyId)
            ? Option.none()
            : HashMap.findFirst(tenants, ({ accessKeys }) => accessKeys.some((known) => isSame(known, key))).pipe(
                Option.map(([, tenant]) => tenant)
              )
        ),
      holderOf: (accessKeyId) =>
        Effect.map(Ref.get(state), ({ tenants }) =>
          HashMap.findFirst(tenants, ({ accessKeys }) =>
            accessKeys.some((known) => known.accessKeyId === accessKeyId)
          ).pipe(Option.map(([tenantId]) => tenantId))
        ),
      register: (tenant) => Ref.update(state, (state) => withTenant(state, place(hosts, tenant))),
      deactivate: (accessKeyId) =>
        Ref.update(state, ({ inactive, tenants }) => ({ tenants, inactive: HashSet.add(inactive, accessKeyId) })),
      reset: Ref.set(state, first)
    }
  })

const place = (hosts: Hosts, { accessKeys, area: name = defaultArea, tenantId }: SimulatedTenant): PlacedTenant => {
  const area = hosts.areas.get(name)
  if (area === undefined) {
    throw new RangeError(
      `CxoneSimulator: no host serves the area "${name}"; add a tenant of this area to the option \`tenants\``
    )
  }
  return { ...area, tenantId, accessKeys }
}

const withTenant = ({ inactive, tenants }: State, tenant: PlacedTenant): State => {
  const keyIds = tenant.accessKeys.map(({ accessKeyId }) => accessKeyId)
  const others = HashMap.values(HashMap.remove(tenants, tenant.tenantId))
  const taken = Array.from(others).flatMap(({ accessKeys }) => accessKeys.map(({ accessKeyId }) => accessKeyId))
  if (new Set([...taken, ...keyIds]).size < taken.length + keyIds.length) {
    throw new RangeError(
      `CxoneSimulator: an access key of ${tenant.tenantId} is registered already; give each key its own accessKeyId`
    )
  }
  return {
    tenants: HashMap.set(tenants, tenant.tenantId, tenant),
    inactive: HashSet.difference(inactive, keyIds)
  }
}

const isSame = (known: SimulatedAccessKey, key: SimulatedAccessKey): boolean =>
  known.accessKeyId === key.accessKeyId && Redacted.value(known.accessKeySecret) === Redacted.value(key.accessKeySecret)
