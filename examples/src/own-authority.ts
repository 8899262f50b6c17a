/** Trusts the company's own authority, beside those that Node knows, over undici and over node:http. */
import { readFileSync } from "node:fs"
import { rootCertificates } from "node:tls"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Undici from "@effect/platform-node/Undici"
import { CxoneAuth } from "cxone-auth"
import { Config, Console, Effect, Layer } from "effect"

// `ca` replaces the authorities that Node knows. So they are listed, too.
const authorities = Config.map(Config.nonEmptyString("COMPANY_CA"), (path) => [
  ...rootCertificates,
  readFileSync(path, "utf8")
])

// `connect` is for hosts without a proxy, `requestTls` for hosts behind one, `proxyTls` for a proxy with an https:// URL.
const Trusting = Layer.scoped(
  NodeHttpClient.Dispatcher,
  Effect.flatMap(authorities, (ca) =>
    Effect.acquireRelease(
      Effect.sync(() => new Undici.EnvHttpProxyAgent({ connect: { ca }, requestTls: { ca }, proxyTls: { ca } })),
      (agent) => Effect.promise(() => agent.destroy())
    )
  )
)

const TrustingAgent = Layer.unwrapEffect(Effect.map(authorities, (ca) => NodeHttpClient.makeAgentLayer({ ca })))

const program = (name: string) =>
  Effect.gen(function* () {
    const auth = yield* CxoneAuth
    const { scopes } = yield* auth.accessToken
    yield* Console.log(`${name}: a token for ${scopes.join(" ")}`)
  }).pipe(Effect.provide(CxoneAuth.layerFromEnv()))

Effect.all([
  Effect.provide(program("undici"), Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, Trusting)),
  Effect.provide(program("node:http"), Layer.provide(NodeHttpClient.layerWithoutAgent, TrustingAgent))
]).pipe(NodeRuntime.runMain)
