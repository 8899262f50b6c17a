/** What differs from client to client. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A connection, or what stands for one in a client of the app. */
export interface Connection {
  /** Whether it is of use. One that has ended doesn't come back. */
  readonly isOpen: () => boolean
}

export interface Commands extends Connection {
  readonly evaluate: (script: string, keys: ReadonlyArray<string>, args: ReadonlyArray<string>) => Promise<unknown>
}

export interface Subscriber extends Connection {
  readonly subscribe: (channel: string) => Promise<unknown>
  readonly unsubscribe: (channel: string) => Promise<unknown>
}

/**
 * Opens connections. Each ends with its scope, at once, also while it is being opened and when the server says nothing. It
 * fails with the client's own error.
 */
export interface Driver {
  readonly commands: Effect.Effect<Commands, unknown, Scope.Scope>
  readonly subscriber: (onMessage: (channel: string) => void) => Effect.Effect<Subscriber, unknown, Scope.Scope>
}
