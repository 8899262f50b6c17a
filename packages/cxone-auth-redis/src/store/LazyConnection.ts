import type { TokenStoreError } from "cxone-auth"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Connection } from "./Driver.js"
import * as Failure from "./Failure.js"

/**
 * A connection that is opened by whoever needs it. While the server is away, nothing connects by itself: the store asks
 * seldom then, and each time opens a connection.
 */
export interface LazyConnection<C> {
  /** The connection, once it is open. Whoever waits for it may leave: it goes on being opened. */
  readonly get: Effect.Effect<C, TokenStoreError>
  /** The connection, if it is open. */
  readonly peek: () => C | undefined
  /** Ends the connection. The next one who needs it opens another. */
  readonly drop: Effect.Effect<void>
}

interface Attempt<C> {
  readonly opened: Deferred.Deferred<C, TokenStoreError>
  readonly scope: Scope.CloseableScope
  connection: C | undefined
  hasFailed: boolean
}

/** Longer than any server takes that is of use. A server that hangs accepts connections, and says nothing. */
const longestOpening = Duration.seconds(5)

/** Makes one that is closed with the scope. */
export const make = Effect.fnUntraced(function* <C extends Connection>(open: Effect.Effect<C, unknown, Scope.Scope>) {
  const home = yield* Effect.scope
  let current: Attempt<C> | undefined

  const end = (attempt: Attempt<C>) =>
    Effect.zipRight(Deferred.fail(attempt.opened, Failure.closed()), Scope.close(attempt.scope, Exit.void))

  const start = Effect.gen(function* () {
    const scope = yield* Scope.fork(home, home.strategy)
    const attempt: Attempt<C> = {
      opened: yield* Deferred.make<C, TokenStoreError>(),
      scope,
      connection: undefined,
      hasFailed: false
    }
    current = attempt
    yield* Scope.extend(open, scope).pipe(
      Effect.mapError(Failure.of),
      Effect.timeoutFail({
        duration: longestOpening,
        onTimeout: () => Failure.timedOut(Duration.toSeconds(longestOpening))
      }),
      Effect.tapBoth({
        onFailure: () =>
          Effect.suspend(() => {
            attempt.hasFailed = true
            return Scope.close(scope, Exit.void)
          }),
        onSuccess: (connection) =>
          Effect.sync(() => {
            attempt.connection = connection
          })
      }),
      Effect.intoDeferred(attempt.opened),
      Effect.interruptible,
      Effect.forkIn(scope)
    )
    return attempt
  })

  const isOfUse = ({ connection, hasFailed }: Attempt<C>) =>
    !hasFailed && (connection === undefined || connection.isOpen())

  const drop = Effect.suspend(() => {
    const attempt = current
    current = undefined
    return attempt === undefined ? Effect.void : end(attempt)
  })

  const lazy: LazyConnection<C> = {
    get: Effect.suspend(() =>
      current !== undefined && isOfUse(current)
        ? Effect.succeed(current)
        : Effect.uninterruptible(Effect.zipRight(drop, start))
    ).pipe(Effect.flatMap(({ opened }) => Deferred.await(opened))),
    peek: () => (current?.connection?.isOpen() === true ? current.connection : undefined),
    drop
  }
  return lazy
})
