/** What is said of an error of Redis, or of its client. Their own words may repeat a command with its arguments. */
import { TokenStoreError } from "cxone-auth"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"

/** The first words of the errors that Redis answers, and what to do. */
const replies: Record.ReadonlyRecord<string, string> = {
  NOAUTH: "it wants a password, so set one",
  WRONGPASS: "it refuses the user or the password, so correct them",
  NOPERM: "its ACL does not allow the user the commands, keys or channels that the store uses",
  OOM: "its memory is full and it may not evict, so raise maxmemory, or set maxmemory-policy to volatile-lru",
  READONLY: "it is a replica, which can't be written to, so connect to the primary",
  LOADING: "it is loading its data",
  BUSY: "it is busy with a script of somebody's",
  MISCONF: "it can't save its data to the disk, and refuses to be written to",
  NOREPLICAS: "it has too few replicas to accept a write",
  MASTERDOWN: "it is a replica that has lost its primary",
  CLUSTERDOWN: "the cluster is down, or some of its slots have no node",
  MOVED: "it is a node of a cluster, so pass the cluster client of your app to layerClient",
  ASK: "it is a node of a cluster, so pass the cluster client of your app to layerClient",
  TRYAGAIN: "the cluster is moving the slot to another node",
  ERR: "see its log"
}

const codes = Record.keys(replies)

/** What Redis says of a script that the ACL does not allow something. */
const denied = ["The user executing the script can't", "ACL failure"]

/** Before Redis 7, an error within a script stands in the middle of the answer. */
const replyCodeIn = (message: string): string | undefined => {
  const [first = ""] = message.split(" ", 1)
  if (first !== "ERR") {
    return codes.find((code) => code === first)
  }
  return denied.some((words) => message.includes(words))
    ? "NOPERM"
    : (codes.find((code) => message.includes(` -${code} `)) ?? "ERR")
}

/** An errno of Node, a code of its TLS, or a name that a client gave to its class. */
const isCode = (value: unknown): value is string => Predicate.isString(value) && /^[A-Za-z][\w-]{2,60}$/.test(value)

/** The error that a client of a cluster or of a pool has put into one of its own. */
const innermost = (error: object): object =>
  "lastNodeError" in error && Predicate.isObject(error.lastNodeError) ? innermost(error.lastNodeError) : error

const hasNoDatabase = (error: object): boolean => "message" in error && String(error.message).includes("DB index")

const describe = (thrown: unknown): string => {
  if (!Predicate.isObject(thrown)) {
    return "the client of Redis failed"
  }
  const error = innermost(thrown)
  const reply = "message" in error && Predicate.isString(error.message) ? replyCodeIn(error.message) : undefined
  if (reply !== undefined) {
    return `Redis answered ${reply}: ${hasNoDatabase(error) ? "it has no database with this number" : replies[reply]}`
  }
  if ("code" in error && isCode(error.code)) {
    return `Redis can't be reached: ${error.code}`
  }
  const name = error.constructor.name
  return isCode(name) && name !== "Error"
    ? `the client of Redis failed: ${name}`
    : "the client of Redis failed, or has lost its connection"
}

export const of = (thrown: unknown): TokenStoreError => new TokenStoreError({ message: describe(thrown) })

/** A connection that could not be opened in its time. */
export const timedOut = (seconds: number): TokenStoreError =>
  new TokenStoreError({ message: `Redis can't be reached: no connection within ${seconds} s` })

/** What happens to an operation when the layer is closed. */
export const closed = (): TokenStoreError => new TokenStoreError({ message: "the connection to Redis is closed" })
