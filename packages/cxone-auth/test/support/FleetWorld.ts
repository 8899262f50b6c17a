/** Processes of a fleet in virtual time: each has a real `CxoneAuth`, and all ask one token endpoint. */
import { HttpClient } from "@effect/platform"
import {
  Credentials,
  CxoneAuth,
  type CxoneAuthOptions,
  CxoneEnvironment,
  TokenStore,
  type TokenStoreBackend
} from "cxone-auth"
import { Clock, Context, Duration, Effect, Layer, Redacted, type Scope } from "effect"
import * as MemoryBackend from "../../src/store/MemoryBackend.js"
import { respond } from "./VirtualAnswer.js"

/** A request for a token, in milliseconds of the provider's clock. `endedAt` is missing until it is answered. */
export interface Exchange {
  readonly sentAt: number
  readonly endedAt?: number
  readonly secret: string
}

/** A token endpoint that counts its requests, and knows which tokens it has issued. */
export class Endpoint {
  readonly exchanges: Array<Exchange> = []
  /** When each token ends, in milliseconds of the provider's clock. */
  readonly issued = new Map<string, number>()
  /** How long an answer takes. */
  latency: Duration.DurationInput = "200 millis"
  lifetime: Duration.DurationInput = "1 hour"
  /** The secrets that it takes. */
  accepts: ReadonlyArray<string> = ["A"]

  constructor(private readonly clock: Clock.Clock) {}

  readonly client = HttpClient.make((request) =>
    Effect.gen(this, function* () {
      const form = new URLSearchParams(
        request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      )
      const secret = form.get("client_secret") ?? ""
      const sentAt = this.clock.unsafeCurrentTimeMillis()
      const index = this.exchanges.push({ sentAt, secret }) - 1
      const end = Effect.sync(() => {
        this.exchanges[index] = { sentAt, secret, endedAt: this.clock.unsafeCurrentTimeMillis() }
      })
      yield* Effect.ensuring(Effect.sleep(this.latency), end)
      if (!this.accepts.includes(secret)) {
        return respond(request, 401, { error: "invalid_client" })
      }
      const value = `token-${index}-of-${secret}`
      this.issued.set(value, sentAt + Duration.toMillis(this.lifetime))
      return respond(request, 200, {
        access_token: value,
        token_type: "Bearer",
        expires_in: Duration.toSeconds(this.lifetime)
      })
    })
  )
}

export const makeEndpoint: Effect.Effect<Endpoint> = Effect.map(Effect.clock, (clock) => new Endpoint(clock))

/** A place in memory that processes share. It goes by a clock of its own. */
export interface Place extends TokenStoreBackend {
  /** All entries and leases are gone. */
  readonly flush: Effect.Effect<void>
  /** All leases are gone, as after a failover to a replica that has not heard of them. */
  readonly forgetLeases: Effect.Effect<void>
}

export const makePlace: Effect.Effect<Place> = Effect.map(Effect.clock, (clock) => {
  let entries = MemoryBackend.make()
  let leases = MemoryBackend.make()
  const onClock = Effect.withClock(clock)
  const forgetLeases = Effect.sync(() => {
    leases = MemoryBackend.make()
  })
  return {
    read: (name) => Effect.suspend(() => onClock(entries.read(name))),
    write: (name, value, lasts) => Effect.suspend(() => onClock(entries.write(name, value, lasts))),
    remove: (name, value) => Effect.suspend(() => entries.remove(name, value)),
    acquire: (name, owner, lasts) => Effect.suspend(() => onClock(leases.acquire(name, owner, lasts))),
    renew: (name, owner, lasts) => Effect.suspend(() => onClock(leases.renew(name, owner, lasts))),
    release: (name, owner) => Effect.suspend(() => leases.release(name, owner)),
    watch: (name) =>
      Effect.suspend(() =>
        Effect.zipWith(entries.watch(name), leases.watch(name), (one, other) => Effect.race(one, other))
      ),
    forgetLeases,
    flush: Effect.zipRight(
      forgetLeases,
      Effect.sync(() => {
        entries = MemoryBackend.make()
      })
    )
  }
})

/** The clock that there is, set wrong by so many milliseconds. Sleeps are as they were. */
export const skewed = (ahead: number): Effect.Effect<Clock.Clock> =>
  Effect.map(Effect.clock, (clock) => ({
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + ahead,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + ahead),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }))

export const secretOf = (clientSecret: string) =>
  Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make(clientSecret) })

export interface ProcessOptions extends Pick<CxoneAuthOptions, "policy"> {
  readonly endpoint: Endpoint
  /** The store that it shares with others. Without it, the process is alone. */
  readonly place?: TokenStoreBackend | undefined
  readonly credentials?: CxoneAuthOptions["credentials"]
}

/** Starts a process. It ends with the scope. */
export const start = ({
  credentials = secretOf("A"),
  endpoint,
  place,
  policy
}: ProcessOptions): Effect.Effect<typeof CxoneAuth.Service, never, Scope.Scope> => {
  const environment = CxoneEnvironment.custom({
    tokenEndpoint: "https://cxone.test/oauth/token",
    apiBaseUrl: "https://cxone.test"
  })
  const options = { credentials, environment, policy, scopes: "a" }
  const layer =
    place === undefined
      ? CxoneAuth.layer(options)
      : Layer.provide(CxoneAuth.layerShared(options), TokenStore.layer(place))
  return Effect.map(
    Layer.build(Layer.provide(layer, Layer.succeed(HttpClient.HttpClient, endpoint.client))),
    (context) => Context.get(context, CxoneAuth)
  )
}
