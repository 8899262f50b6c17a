import type { TokenStoreError } from "cxone-auth"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** All that a store needs of Redis: the seam between the store and the clients. */
export interface Operations {
  /** Runs a Lua script, whose keys share one hash slot. */
  readonly evaluate: (
    script: string,
    keys: ReadonlyArray<string>,
    args: ReadonlyArray<string>
  ) => Effect.Effect<unknown, TokenStoreError>
  /** Calls back for each message of a channel, as long as the scope is open. It ends when that has begun. */
  readonly subscribe: (channel: string, onMessage: () => void) => Effect.Effect<void, TokenStoreError, Scope.Scope>
}
