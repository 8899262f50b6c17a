import type { TokenStoreBackend } from "cxone-auth"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { Operations } from "./Operations.js"

/** Reads a text. What is not one counts as nothing, so that the next one replaces it. */
const get = `
local function get(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then
    return not string.find(value.err, 'WRONGTYPE', 1, true) and redis.call('GET', key)
  end
  return value
end`

const readScript = `${get}
local value = get(KEYS[1])
return value and { value, redis.call('PTTL', KEYS[1]) }`

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** Milliseconds by the clock of Redis. */
const timeScript = `${now}
return now`

/**
 * A write that comes later than 250 ms after it was sent has no effect, because its entry would last too long. It may have
 * waited in a connection, or in the queue of a client.
 */
const writeScript = `${now}
if now - ARGV[4] > 250 then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], '')
return 1`

const removeScript = `${get}
if get(KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1`

/** A lease without an end is nobody's. */
const acquireScript = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
if redis.call('PTTL', KEYS[1]) == -1 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
return 0`

const renewScript = `${get}
if get(KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const releaseScript = `${get}
if get(KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('PUBLISH', ARGV[2], '')
end
return 1`

const millis = (lasts: Duration.Duration): string => String(Math.max(1, Math.ceil(Duration.toMillis(lasts))))

/** Depending on its settings, a client of the app answers numbers as texts, and texts as bytes. */
const entryOf = (answer: unknown) =>
  Array.isArray(answer)
    ? Option.some({ value: String(answer[0]), left: Duration.millis(Number(answer[1])) })
    : Option.none()

const isOne = (answer: unknown): boolean => Number(answer) === 1

/** Makes a store on Redis. In a cluster, the braces put the keys of a name on one node. */
export const make = ({ evaluate, subscribe }: Operations, prefix: string): TokenStoreBackend => {
  const token = (name: string) => [`${prefix}:{${name}}:token`]
  const lease = (name: string) => [`${prefix}:{${name}}:lease`]
  const channel = (name: string) => `${prefix}:{${name}}`

  return {
    read: (name) => Effect.map(evaluate(readScript, token(name), []), entryOf),
    write: (name, value, lasts) =>
      evaluate(timeScript, token(name), []).pipe(
        Effect.flatMap((sentAt) =>
          evaluate(writeScript, token(name), [value, millis(lasts), channel(name), String(sentAt)])
        ),
        Effect.asVoid
      ),
    remove: (name, value) => Effect.asVoid(evaluate(removeScript, token(name), [value])),
    acquire: (name, owner, lasts) =>
      Effect.map(evaluate(acquireScript, lease(name), [owner, millis(lasts)]), (answer) =>
        isOne(answer) ? "acquired" : "held"
      ),
    renew: (name, owner, lasts) => Effect.map(evaluate(renewScript, lease(name), [owner, millis(lasts)]), isOne),
    release: (name, owner) => Effect.asVoid(evaluate(releaseScript, lease(name), [owner, channel(name)])),
    // Nobody waits for the subscription, because the store may be well without it: it needs a second connection, and the
    // ACL may deny it. When it begins, it counts as a change, because one may have come before.
    watch: (name) =>
      Effect.gen(function* () {
        const changes = yield* Queue.sliding<void>(1)
        const wake = () => void changes.unsafeOffer(undefined)
        yield* Effect.forkScoped(
          Effect.matchEffect(subscribe(channel(name), wake), {
            onFailure: ({ message }) =>
              Effect.logDebug(`Changes of the token store are looked up from time to time only: ${message}.`),
            onSuccess: () => Effect.sync(wake)
          })
        )
        return Queue.take(changes)
      })
  }
}
