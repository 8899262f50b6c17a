/** Several tenants with promises: for each name in TENANTS a `cxone` of its own, with the settings ACME_CXONE_AREA and so on. */
import { FetchHttpClient } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Layer } from "effect"
import { makeCxone } from "./make-cxone.js"

const cxoneOf = (prefix: string) =>
  makeCxone(
    CxoneHttpClient.layer().pipe(
      Layer.provideMerge(CxoneAuth.layerFromEnv({ prefix, name: prefix })),
      Layer.provide(FetchHttpClient.layer)
    )
  )

const names = (process.env.TENANTS ?? "").split(",")

// `tenants.get("ACME")?.getJson(path)`. A tenant that is not in TENANTS has none.
export const tenants: ReadonlyMap<string, ReturnType<typeof cxoneOf>> = new Map(
  names.map((name) => [name, cxoneOf(name)])
)
