import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import {
  defaultArea,
  defaultTenant,
  type PlacedTenant,
  type SimulatedAccessKey,
  type SimulatedTenant
} from "../options/SimulatedTenant.js"
import { defaultUser, requireJson, type SimulatedUser } from "../options/SimulatedUser.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Hosts } from "./Hosts.js"

/** Whom an access key stands for. */
export interface KeyOwner {
  readonly tenant: PlacedTenant
  readonly accessKeyId: string
  readonly user: SimulatedUser
}

/** The tenants with their areas, and the access keys that are active. */
export interface Tenants {
  /** The tenants of the options. */
  readonly initial: Arr.NonEmptyReadonlyArray<PlacedTenant>
  readonly tenantOf: (tenantId: string) => Effect.Effect<Option.Option<PlacedTenant>>
  /** The owner of an access key; none if the secret is wrong or the key was deactivated. */
  readonly ownerOf: (key: SimulatedAccessKey) => Effect.Effect<Option.Option<KeyOwner>>
  /** The owner of the access key with this id; none if it was replaced or deactivated. */
  readonly ownerOfId: (accessKeyId: string) => Effect.Effect<Option.Option<KeyOwner>>
  /** The id of the tenant that an access key belongs to, active or not. */
  readonly holderOf: (accessKeyId: string) => Effect.Effect<Option.Option<string>>
  /**
   * Adds a tenant, or replaces the one with that id, and activates its keys. It is a defect if no host serves the area,
   * if a key is listed twice, or if a key belongs to another tenant.
   */
  readonly register: (tenant: SimulatedTenant) => Effect.Effect<void>
  /** It is a defect if no tenant has the key. */
  readonly deactivate: (accessKeyId: string) => Effect.Effect<void>
  /** Restores the tenants of the options, with active keys. */
  readonly reset: Effect.Effect<void>
}

interface State {
  readonly tenants: HashMap.HashMap<string, PlacedTenant>
  readonly inactive: HashSet.HashSet<string>
}

/** If two tenants have the same id, that is a defect. */
export const make = (options: Pick<SimulatorOptions, "tenants" | "user">, hosts: Hosts): Effect.Effect<Tenants> =>
  Effect.gen(function* () {
    const given: Arr.NonEmptyReadonlyArray<SimulatedTenant> = options.tenants ?? [defaultTenant]
    requireJson("the option `user`", options.user ?? defaultUser)
    const initial = Arr.map(given, (tenant) => place(hosts, tenant))
    if (new Set(initial.map(({ tenantId }) => tenantId)).size < initial.length) {
      throw new RangeError("CxoneSimulator: two tenants have the same tenantId; give each tenant its own")
    }
    const empty: State = { tenants: HashMap.empty(), inactive: HashSet.empty() }
    const first = initial.reduce(withTenant, empty)
    const state = yield* Ref.make(first)
    const tenantOf = (tenantId: string) => Effect.map(Ref.get(state), ({ tenants }) => HashMap.get(tenants, tenantId))

    const isFirst = ({ tenantId }: PlacedTenant, index: number) => tenantId === initial[0].tenantId && index === 0
    const userAt = (tenant: PlacedTenant, index: number): SimulatedUser =>
      isFirst(tenant, index) ? (options.user ?? defaultUser) : employee(tenant.tenantId, index + 1)

    const activeOwner = (isWanted: (key: SimulatedAccessKey) => boolean) =>
      Effect.map(Ref.get(state), ({ inactive, tenants }) =>
        Arr.findFirst(HashMap.values(tenants), (tenant) =>
          Arr.findFirst(tenant.accessKeys, (key, index) =>
            isWanted(key) && !HashSet.has(inactive, key.accessKeyId)
              ? Option.some({ tenant, accessKeyId: key.accessKeyId, user: key.user ?? userAt(tenant, index) })
              : Option.none()
          )
        )
      )

    return {
      initial,
      tenantOf,
      holderOf: (accessKeyId) =>
        Effect.map(Ref.get(state), ({ tenants }) =>
          HashMap.findFirst(tenants, ({ accessKeys }) =>
            accessKeys.some((known) => known.accessKeyId === accessKeyId)
          ).pipe(Option.map(([tenantId]) => tenantId))
        ),
      ownerOf: (key) => activeOwner((known) => isSame(known, key)),
      ownerOfId: (accessKeyId) => activeOwner((known) => known.accessKeyId === accessKeyId),
      register: (tenant) => Ref.update(state, (state) => withTenant(state, place(hosts, tenant))),
      deactivate: (accessKeyId) =>
        Ref.update(state, ({ inactive, tenants }) => {
          const known = Arr.sort(keyIdsOf(HashMap.values(tenants)), Order.string)
          if (!known.includes(accessKeyId)) {
            throw new RangeError(
              `CxoneSimulator.deactivateAccessKey: no tenant has the access key "${accessKeyId}"; known are ${known.join(", ")}`
            )
          }
          return { tenants, inactive: HashSet.add(inactive, accessKeyId) }
        }),
      reset: Ref.set(state, first)
    }
  })

const place = (
  hosts: Hosts,
  { accessKeys, area: name = defaultArea, issuer: issuerName, tenantId }: SimulatedTenant
): PlacedTenant => {
  if (!Arr.isNonEmptyReadonlyArray(accessKeys)) {
    throw new RangeError(`CxoneSimulator: the tenant ${tenantId} has no access key; give it one`)
  }
  for (const { accessKeyId, user } of accessKeys) {
    requireJson(accessKeyId, user ?? {})
  }
  const area = hosts.areas.get(name)
  if (area === undefined) {
    throw new RangeError(
      `CxoneSimulator: no host serves the area "${name}"; add a tenant of this area to the option \`tenants\``
    )
  }
  const issuer = issuerName === undefined ? hosts.identity : hosts.issuers.get(issuerName)
  if (issuer === undefined) {
    throw new RangeError(
      `CxoneSimulator: no host is the issuer "${issuerName}"; add a tenant of this issuer to the option \`tenants\``
    )
  }
  return { ...area, issuer, tenantId, accessKeys }
}

const withTenant = ({ inactive, tenants }: State, tenant: PlacedTenant): State => {
  const keyIds = keyIdsOf([tenant])
  const taken = keyIdsOf(HashMap.values(HashMap.remove(tenants, tenant.tenantId)))
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

const keyIdsOf = (tenants: Iterable<PlacedTenant>): ReadonlyArray<string> =>
  Array.from(tenants).flatMap(({ accessKeys }) => accessKeys.map(({ accessKeyId }) => accessKeyId))

// A key that replaces another at its place is a new key of the same employee.
const employee = (tenantId: string, number: number): SimulatedUser => ({
  id: `${tenantId}-user-${number}`,
  name: `Zoë ${tenantId}-${number}`,
  email: `user-${number}@${tenantId}.example.com`
})

const isSame = (known: SimulatedAccessKey, key: SimulatedAccessKey): boolean =>
  known.accessKeyId === key.accessKeyId && Redacted.value(known.accessKeySecret) === Redacted.value(key.accessKeySecret)
