import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as DurationOption from "../clock/DurationOption.js"
import type { FaultQueue } from "../faults/FaultQueue.js"
import * as Faults from "../faults/FaultQueue.js"
import * as Quotas from "../faults/Quotas.js"
import type { Asked } from "../faults/RequestSelector.js"
import type { ClientGone, ConnectionLost } from "../http/ConnectionError.js"
import { noBytes } from "../http/HttpRules.js"
import * as IncomingRequest from "../http/IncomingRequest.js"
import { defaultMaxRecordedBytes, type SimulatorOptions } from "../options/SimulatorOptions.js"
import * as Recorder from "../recorder/Recorder.js"
import * as Routes from "../routes/Routes.js"
import type { Host, Hosts } from "../tenants/Hosts.js"
import * as Tenants from "../tenants/Tenants.js"
import * as Registry from "../tokens/Registry.js"
import * as TokenGenerator from "../tokens/TokenGenerator.js"
import * as ApplyFault from "./ApplyFault.js"

type Response = HttpServerResponse.HttpServerResponse

/** The simulator without a transport. */
export interface Simulation {
  readonly registry: Registry.Registry
  readonly tenants: Tenants.Tenants
  readonly recorder: Recorder.Recorder
  readonly faults: FaultQueue
  readonly quotas: Quotas.Quotas
  readonly takeRouteFailures: Routes.Routes["takeFailures"]
  /** Answers a request to a host, or fails if a fault or the client breaks the connection. */
  readonly handle: (
    host: Host
  ) => (
    head: IncomingRequest.RequestHead,
    upload: IncomingRequest.Upload
  ) => Effect.Effect<Response, ConnectionLost | ClientGone, Scope.Scope>
  /** Records a request that was sent to another host. */
  readonly recordForeign: (origin: string, head: IncomingRequest.RequestHead) => Effect.Effect<void>
}

/** A request that takes its fault now, with its whole body, or before that is there. */
interface Arrived {
  readonly incoming: IncomingRequest.IncomingRequest
  readonly host: Host
  readonly asked: Asked
  readonly firstPiece: IncomingRequest.Upload["first"]
}

export const make = (options: SimulatorOptions, hosts: Hosts): Effect.Effect<Simulation> =>
  Effect.gen(function* () {
    const generator = yield* TokenGenerator.make
    const registry = yield* Registry.make(options, generator)
    const tenants = yield* Tenants.make(options, hosts)
    const recorder = Recorder.make()
    const faults = Faults.make()
    const quotas = Quotas.make(options.quotas ?? [])
    const routes = Routes.make(options, tenants, registry, generator)
    const latency = DurationOption.decode("CxoneSimulator: latency", options.latency ?? 0)
    const { maxRecordedBytes = defaultMaxRecordedBytes } = options
    if (!Number.isInteger(maxRecordedBytes) || maxRecordedBytes < 0) {
      throw new RangeError(`CxoneSimulator: maxRecordedBytes is ${maxRecordedBytes}; use a whole number from 0 up`)
    }

    const record = (
      incoming: IncomingRequest.IncomingRequest,
      arrival: Pick<Recorder.RecordedRequest, "endpoint" | "origin" | "time" | "fault">
    ): Recorder.RequestId => {
      const { body, headers, method, url } = incoming
      // A copy, because in memory the bytes are those of the app, which may use them again. Unlike `slice` of a Buffer, it
      // doesn't keep the whole body.
      const bytes = Redacted.make(new Uint8Array(body.subarray(0, maxRecordedBytes)))
      const end = { outcome: "pending", status: Option.none(), bodyLength: body.length } as const
      const contentIds = Recorder.contentIdsOf(incoming)
      return recorder.arrived(
        new Recorder.RecordedRequest({ ...arrival, ...end, method, url, headers, bytes, contentIds })
      )
    }

    const end = (id: Recorder.RequestId) => (exit: Exit.Exit<Response, ConnectionLost | ClientGone>) =>
      Effect.suspend(() =>
        Exit.match(exit, {
          onSuccess: ({ status }) => {
            recorder.ended(id, "answered", status)
            // The scope ends when the body is sent.
            return Effect.addFinalizer(() => Effect.sync(() => recorder.sent(id)))
          },
          onFailure: (cause) => {
            recorder.ended(id, isReset(cause) ? "reset" : "aborted")
            return Effect.void
          }
        })
      )

    const askedBy = Effect.fnUntraced(function* (
      incoming: IncomingRequest.IncomingRequest,
      host: Host
    ): Effect.fn.Return<Asked> {
      const sender = faults.asksWho() ? yield* routes.senderOf(incoming, host) : nobody
      const { method } = incoming
      return { endpoint: routes.endpointOf(incoming, host), method, path: IncomingRequest.pathOf(incoming), ...sender }
    })

    /**
     * Gives a request what it takes, and records it, in one step: so both have the same order, and a request that was
     * recorded also ends.
     */
    const proceed = ({ asked, firstPiece, host, incoming }: Arrived, take: () => Faults.Taken) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Clock.currentTimeMillis, (time) => {
          const { conclude, fault, latency: ofFault } = take()
          const id = record(incoming, { endpoint: asked.endpoint, origin: host.origin, time, fault })
          const wait = Duration.sum(latency, ofFault)
          const answer = Option.match(quotas.count(asked, time), {
            onNone: () => routes.answer(incoming, host),
            onSome: (exceeded) => Effect.succeed(ApplyFault.exceeded(exceeded))
          })
          const faulty = Option.match(fault, {
            onNone: () => answer,
            onSome: (fault) =>
              Effect.tap(ApplyFault.apply(fault, { answer, incoming, registry, firstPiece }), (response) => {
                const why = ApplyFault.whyInVain(fault, incoming, response)
                conclude(why && `${fault._tag} on ${asked.endpoint}: ${incoming.method} ${asked.path}: ${why}`)
                return Effect.void
              })
          })
          const whole = Duration.toMillis(wait) === 0 ? faulty : Effect.delay(faulty, wait)
          return Effect.onExit(restore(whole), end(id))
        })
      )

    const handle =
      (host: Host): ReturnType<Simulation["handle"]> =>
      (head, upload) =>
        Effect.gen(function* () {
          const unread = { ...head, body: noBytes }
          const before = yield* askedBy(unread, host)
          const early = faults.takeForUpload(before)
          if (Option.isSome(early)) {
            const arrived = { incoming: unread, host, asked: before, firstPiece: upload.first }
            return yield* proceed(arrived, () => early.value)
          }
          const gone = Effect.map(Clock.currentTimeMillis, (time) => {
            const arrival = { endpoint: before.endpoint, origin: host.origin, time, fault: Option.none() }
            recorder.ended(record(unread, arrival), "aborted")
          })
          const body = yield* Effect.onError(upload.whole, () => gone)
          const incoming = { ...head, body }
          const asked = yield* askedBy(incoming, host)
          // A fault that breaks off an upload may have come after this one had arrived.
          const arrived = { incoming, host, asked, firstPiece: Effect.succeed(body) }
          return yield* proceed(arrived, () => faults.take(asked))
        })

    return {
      registry,
      tenants,
      recorder,
      faults,
      quotas,
      takeRouteFailures: routes.takeFailures,
      handle,
      recordForeign: (origin, head) =>
        Effect.map(Clock.currentTimeMillis, (time) => {
          const arrival = { endpoint: "foreign", origin, time, fault: Option.none() } as const
          recorder.ended(record({ ...head, body: noBytes }, arrival), "unreachable")
        })
    }
  })

const isReset = (cause: Cause.Cause<ConnectionLost | ClientGone>): boolean =>
  Option.exists(Cause.failureOption(cause), ({ _tag }) => _tag === "ConnectionLost")

const nobody: Routes.Sender = { clientId: undefined, tenantId: undefined }
