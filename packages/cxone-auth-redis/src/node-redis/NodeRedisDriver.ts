import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { createClient } from "redis"
import type { Commands, Driver, Subscriber } from "../store/Driver.js"
import * as Options from "../store/Options.js"

/**
 * A client of node-redis 5 or 6, by what the store uses of it: what `createClient`, `createCluster` or `createSentinel`
 * returns.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeRedisClient {
  /** Runs a script. */
  eval(
    script: string,
    options: {
      /** The keys that the script uses. */
      keys: Array<string>
      /** Its other arguments. */
      arguments: Array<string>
    }
  ): Promise<unknown>
  /** Subscribes to a channel. */
  subscribe(channel: string, listener: (message: unknown, channel: unknown) => void): Promise<unknown>
  /** Ends a subscription. */
  unsubscribe(channel: string, listener: (message: unknown, channel: unknown) => void): Promise<unknown>
}

/** What only a client of one server has. */
interface SingleClient extends NodeRedisClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly isPubSubActive: boolean
  /** Its own options, which `duplicate` merges at the top only. */
  readonly options: { readonly socket?: object } | undefined
  duplicate(override: { readonly socket: { readonly reconnectStrategy: false } }): SingleClient
  connect(): Promise<unknown>
  destroy(): void
  unref(): void
  on(event: string, listener: (error: unknown) => void): unknown
}

const isSingle = (client: NodeRedisClient): client is SingleClient => "isPubSubActive" in client

const commandsOf = (client: NodeRedisClient, isOpen: () => boolean): Commands => ({
  isOpen,
  evaluate: (script, keys, args) => client.eval(script, { keys: [...keys], arguments: [...args] })
})

const subscriberOf = (
  client: NodeRedisClient,
  isOpen: () => boolean,
  onMessage: (channel: string) => void
): Subscriber => {
  const listener = (_message: unknown, channel: unknown) => onMessage(String(channel))
  return {
    isOpen,
    subscribe: (channel) => client.subscribe(channel, listener),
    unsubscribe: (channel) => client.unsubscribe(channel, listener)
  }
}

/** Ends a connection. Before it is there, the client can't: then it would come, and stay. */
const ender = (client: SingleClient) => {
  let [isThere, isEnding] = [false, false]
  const end = () => {
    isEnding = true
    // Version 5 throws if the connection has ended.
    if (isThere && client.isOpen) {
      client.destroy()
    }
  }
  client.on("connect", () => {
    isThere = true
    if (isEnding) {
      end()
    }
  })
  return end
}

/** Connects a client that is not connected yet, and ends it with the scope. */
const connect = (make: () => SingleClient) =>
  Effect.gen(function* () {
    const { client } = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const client = make()
        // An error without a listener would end the process.
        client.on("error", () => {})
        // A connection that waits must not keep the process alive.
        client.unref()
        return { client, end: ender(client) }
      }),
      ({ end }) => Effect.sync(end)
    )
    yield* Effect.tryPromise({ try: () => client.connect(), catch: (error) => error })
    return client
  })

/** A client of our own. It connects once: whoever needs a connection opens the next. */
export const ofAddress = ({ database, host, isTls, password, port, username }: Options.Address): Driver => {
  const open = connect(() =>
    createClient({
      socket: { host, port, reconnectStrategy: false, ...(isTls ? { tls: true } : {}) },
      database,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Redacted.value(password) }),
      disableOfflineQueue: true
    })
  )
  return {
    commands: Effect.map(open, (client) => commandsOf(client, () => client.isReady)),
    subscriber: (onMessage) => Effect.map(open, (client) => subscriberOf(client, () => client.isReady, onMessage))
  }
}

/**
 * The app's own client. One of a cluster, or of Sentinel, has a connection of its own for subscriptions. One of a single
 * server gets a duplicate for them.
 */
export const ofClient = (client: NodeRedisClient): Driver => {
  if (!Predicate.isRecord(client) || !Predicate.isFunction(client.eval) || "isCluster" in client) {
    return Options.refuse("client must be what createClient, createCluster or createSentinel of node-redis returns")
  }
  return {
    commands: Effect.sync(() => commandsOf(client, () => true)),
    subscriber: (onMessage) =>
      isSingle(client)
        ? Effect.map(
            // Whoever needs a connection opens the next. One that reconnects would go on doing so after its scope.
            connect(() => client.duplicate({ socket: { ...client.options?.socket, reconnectStrategy: false } })),
            (one) => subscriberOf(one, () => one.isOpen, onMessage)
          )
        : Effect.succeed(subscriberOf(client, () => true, onMessage))
  }
}
