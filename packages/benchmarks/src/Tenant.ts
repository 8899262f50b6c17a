/** The tenants' names, and the credentials that each has of its own. */
import { Array, Redacted } from "effect"

/** A UUID, as the ids of CXone's tenants are. No two groups share one. */
export const nameOf = (group: number, index: number): string =>
  `${String(group).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`

export const names = (group: number, count: number): ReadonlyArray<string> =>
  count === 0 ? [] : Array.makeBy(count, (index) => nameOf(group, index))

/** What `Credentials.accessKey` is made from. */
export const keyOf = (name: string) => ({
  clientId: "7c8b2f0e-benchmark@cxone",
  clientSecret: Redacted.make(`client-secret-of-${name}`),
  accessKeyId: `${name}====`,
  accessKeySecret: Redacted.make(`key-secret-of-${name}====`)
})
