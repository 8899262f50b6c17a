import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/**
 * An operation of a {@link TokenStoreBackend} failed. It never fails a call: each process then gets its own tokens. The
 * message is logged, so it must hold no password and no stored value.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenStoreError extends Data.TaggedError("TokenStoreError")<{
  /** What happened, in one sentence. */
  readonly message: string
}> {}

/**
 * What is stored under a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredEntry {
  /** The text as it was written. */
  readonly value: string
  /**
   * How long it will still be stored, by the clock of the store. So the clocks of the processes may differ. Zero or less
   * counts as ended.
   */
  readonly left: Duration.Duration
}

/**
 * Where `TokenStore` keeps its texts: entries that end, and leases that have an owner. Names are at most 64 letters,
 * digits, `-` and `_`. Values are encrypted, and have less than 200 KB.
 *
 * An operation may fail, hang or be interrupted: `TokenStore` gives each 250 ms (the first one 1 s), and asks a store that failed only
 * seldom. An interrupted operation may or may not have had its effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenStoreBackend {
  /** What is stored under a name. `None` if there is nothing, or it has ended. */
  readonly read: (name: string) => Effect.Effect<Option.Option<StoredEntry>, TokenStoreError>
  /**
   * Stores a value for this long, in the place of what was there, and wakes those who watch the name. A write that waits
   * somewhere, and comes late, must not store the value for this long from then on: else an ended token seems to live.
   */
  readonly write: (name: string, value: string, lasts: Duration.Duration) => Effect.Effect<void, TokenStoreError>
  /** Removes what is stored under a name, but only if it is this value. */
  readonly remove: (name: string, value: string) => Effect.Effect<void, TokenStoreError>
  /**
   * Takes the lease of a name for this long, unless somebody holds it. A failure means that nobody knows: it must not
   * become `held`, because then everybody would wait for nobody.
   */
  readonly acquire: (
    name: string,
    owner: string,
    lasts: Duration.Duration
  ) => Effect.Effect<"acquired" | "held", TokenStoreError>
  /** Lets the lease last this long from now, and says whether this owner still holds it. If not, nothing changes. */
  readonly renew: (name: string, owner: string, lasts: Duration.Duration) => Effect.Effect<boolean, TokenStoreError>
  /** Gives the lease up, but only if this owner holds it, and wakes those who watch the name. */
  readonly release: (name: string, owner: string) => Effect.Effect<void, TokenStoreError>
  /**
   * Watches a name while the scope is open. The effect that it gives waits for the next `write` or `release` of the name by
   * anybody, or ends at once if there was one since it was run last. It may end too often, or never: waiting processes
   * look at the store from time to time, too. A store that can't tell gives `Effect.never`.
   */
  readonly watch: (name: string) => Effect.Effect<Effect.Effect<void>, TokenStoreError, Scope.Scope>
}
