import { TokenStore } from "cxone-auth"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClientOperations from "./ClientOperations.js"
import type { Driver } from "./Driver.js"
import * as Options from "./Options.js"
import * as RedisBackend from "./RedisBackend.js"

const make = Effect.fnUntraced(function* (driver: Driver, prefix: string) {
  const operations = yield* ClientOperations.make(driver)
  return yield* TokenStore.make(RedisBackend.make(operations, prefix))
})

export const overDriver = (driver: Driver, options?: Options.ClientOptions): Layer.Layer<TokenStore> =>
  Layer.scoped(TokenStore, make(driver, Options.prefixOf(options)))

export const overAddress = (
  options: Options.RedisTokenStoreOptions,
  driverOf: (address: Options.Address) => Driver
): Layer.Layer<TokenStore> => {
  const { address, prefix } = Options.resolve(options)
  return overDriver(driverOf(address), { prefix })
}

export const fromEnv = (driverOf: (address: Options.Address) => Driver): Layer.Layer<TokenStore, ConfigError> =>
  Layer.scoped(
    TokenStore,
    Effect.flatMap(Options.config, ({ address, prefix }) => make(driverOf(address), prefix))
  )
