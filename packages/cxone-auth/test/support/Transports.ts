import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { UndiciHttpClient } from "cxone-auth-undici"

/** Every `HttpClient` that the library is tested over, for tests on real sockets. */
export const transports = [
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer],
  ["cxone-auth-undici", UndiciHttpClient.layer()]
] as const
