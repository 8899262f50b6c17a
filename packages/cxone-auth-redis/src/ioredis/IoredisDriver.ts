import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { Redis } from "ioredis"
import type { Commands, Driver, Subscriber } from "../store/Driver.js"
import * as Options from "../store/Options.js"

/**
 * A client of ioredis 5 or 6, by what the store uses of it: a `Redis`, also one that is connected by Sentinel, or a
 * `Cluster`.
 *
 * @since 0.1.0
 * @category models
 */
export interface IoredisClient {
  /** Whether it is a `Cluster`. */
  readonly isCluster: boolean
  /** How its connection is. */
  readonly status: string
  /** Runs a script. */
  eval(script: string, keyCount: number, ...keysAndArgs: Array<string>): Promise<unknown>
  /** Subscribes to a channel. */
  subscribe(channel: string): Promise<unknown>
  /** Ends a subscription. */
  unsubscribe(channel: string): Promise<unknown>
  /** Listens for messages, and for errors. */
  on(event: "message" | "error", listener: (argument: string) => void): unknown
  /** Ends that. */
  off(event: "message", listener: (argument: string) => void): unknown
}

/** What only a `Redis` has. */
interface SingleClient extends IoredisClient {
  readonly stream: { readonly destroy: () => unknown; readonly unref: () => unknown } | undefined
  duplicate(override: { readonly lazyConnect: boolean }): SingleClient
  connect(): Promise<void>
  select(database: number): Promise<unknown>
  disconnect(): void
  on(event: string, listener: (argument: string) => void): unknown
}

const isSingle = (client: IoredisClient): client is SingleClient => !client.isCluster

const evaluateBy =
  (client: IoredisClient): Commands["evaluate"] =>
  (script, keys, args) =>
    client.eval(script, keys.length, ...keys, ...args)

const subscriberOf = (client: IoredisClient, isOpen: () => boolean): Subscriber => ({
  isOpen,
  subscribe: (channel) => client.subscribe(channel),
  unsubscribe: (channel) => client.unsubscribe(channel)
})

/** Milliseconds without a packet after which the system asks whether the other side still knows the connection. */
const keepAlive = 30_000

const isReply = (error: unknown) => error instanceof Error && error.name === "ReplyError"

/** Connects a client that is not connected yet, and ends it with the scope. */
const connect = (make: () => SingleClient, database?: number) =>
  Effect.gen(function* () {
    let why: unknown
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const made = make()
        // Without a listener, the client prints its errors.
        made.on("error", (error) => {
          why = error
        })
        // A connection that waits must not keep the process alive.
        made.on("connect", () => made.stream?.unref())
        return made
      }),
      (made) =>
        Effect.sync(() => {
          made.disconnect()
          // By itself, it waits for the server to close its end, too, which one that hangs does not.
          made.stream?.destroy()
        })
    )
    // What was waiting for a connection is told only that there is none.
    const explain = (error: unknown) => (isReply(error) ? error : (why ?? error))
    yield* Effect.tryPromise({
      try: async () => {
        await client.connect()
        // By itself it goes on with database 0, if Redis refuses this.
        await (database && client.select(database))
      },
      catch: explain
    })
    return { client, explain }
  })

const listen = (client: IoredisClient, onMessage: (channel: string) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => client.on("message", onMessage)),
    () => Effect.sync(() => client.off("message", onMessage))
  )

/** A client of our own. It connects once: whoever needs a connection opens the next. */
export const ofAddress = ({ database, host, isTls, password, port, username }: Options.Address): Driver => {
  const open = connect(
    () =>
      new Redis({
        host,
        port,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password: Redacted.value(password) }),
        ...(isTls ? { tls: {} } : {}),
        lazyConnect: true,
        keepAlive,
        retryStrategy: null,
        enableOfflineQueue: false,
        // It asks INFO, which an ACL need not allow. A server that is still loading says so itself.
        enableReadyCheck: false
      }),
    database
  )
  const isOpen = (client: IoredisClient) => () => client.status === "ready"
  return {
    commands: Effect.map(open, ({ client, explain }) => ({
      isOpen: isOpen(client),
      evaluate: (...command) =>
        evaluateBy(client)(...command).catch((error) => {
          throw explain(error)
        })
    })),
    subscriber: (onMessage) =>
      Effect.map(
        Effect.tap(open, ({ client }) => listen(client, onMessage)),
        ({ client }) => subscriberOf(client, isOpen(client))
      )
  }
}

/** The app's own client. A `Cluster` has a connection of its own for subscriptions. A `Redis` gets a duplicate for them. */
export const ofClient = (client: IoredisClient): Driver => {
  if (!Predicate.hasProperty(client, "isCluster") || !Predicate.isFunction(client.eval)) {
    return Options.refuse("client must be a Redis or a Cluster of ioredis")
  }
  const subscriber = isSingle(client)
    ? Effect.map(
        connect(() => client.duplicate({ lazyConnect: true })),
        (connected): IoredisClient => connected.client
      )
    : Effect.succeed(client)
  return {
    commands: Effect.succeed({ isOpen: () => true, evaluate: evaluateBy(client) }),
    subscriber: (onMessage) =>
      Effect.map(
        Effect.tap(subscriber, (one) => listen(one, onMessage)),
        (one) => subscriberOf(one, () => one.status !== "end")
      )
  }
}
