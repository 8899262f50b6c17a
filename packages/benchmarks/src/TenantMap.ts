/** The tenants of one process: each a client with an auth service of its own, made when it is asked for by name. */
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { Effect, Layer, LayerMap } from "effect"
import * as Answer from "./Answer.js"
import { Cxone } from "./Cxone.js"
import * as Tenant from "./Tenant.js"

export class TenantMap extends LayerMap.Service<TenantMap>()("benchmarks/TenantMap", {
  lookup: (name: string) =>
    Layer.unwrapEffect(
      Effect.map(Cxone, ({ issuer }) =>
        CxoneHttpClient.layer().pipe(
          Layer.provide(
            CxoneAuth.layer({
              credentials: Credentials.accessKey(Tenant.keyOf(name)),
              environment: CxoneEnvironment.discover({ issuer })
            })
          )
        )
      )
    ),
  idleTimeToLive: "1 hour"
}) {}

/** A call of this tenant. The first one makes the tenant, and has its token and its API's place fetched. */
export const call = (name: string) =>
  Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    return yield* Answer.check(name, yield* cxone.get(Answer.pathFor(name)))
  }).pipe(Effect.provide(TenantMap.get(name)))
