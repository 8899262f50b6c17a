import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Endpoint, Fault } from "../faults/Fault.js"
import * as FaultQueue from "../faults/FaultQueue.js"
import * as IncomingRequest from "../http/IncomingRequest.js"
import { ConnectionLost, truncate } from "../http/ResponseBody.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import * as Recorder from "../recorder/Recorder.js"
import * as Routes from "../routes/Routes.js"
import type { Hosts } from "../tenants/Hosts.js"
import * as Tenants from "../tenants/Tenants.js"
import * as Registry from "../tokens/Registry.js"
import * as TokenGenerator from "../tokens/TokenGenerator.js"

/** The simulator without a transport. `handle` answers a request, or fails if a fault breaks the connection. */
export interface Simulation {
  readonly registry: Registry.Registry
  readonly tenants: Tenants.Tenants
  readonly recorder: Recorder.Recorder
  readonly faults: FaultQueue.FaultQueue
  readonly handle: (
    incoming: IncomingRequest.IncomingRequest
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost>
}

export const make = (options: SimulatorOptions, hosts: Hosts): Effect.Effect<Simulation> =>
  Effect.gen(function* () {
    const generator = yield* TokenGenerator.make
    const registry = yield* Registry.make(options, hosts.identity, generator)
    const tenants = yield* Tenants.make(options, hosts)
    const recorder = Recorder.make()
    const faults = FaultQueue.make()
    const routeOf = Routes.make(options, hosts, tenants, registry, generator)

    // In one step, so that requests are recorded in the order in which they take their faults.
    const arrive = (incoming: IncomingRequest.IncomingRequest, endpoint: Endpoint) =>
      Effect.map(Clock.currentTimeMillis, (time): readonly [Recorder.RequestId, Option.Option<Fault>] => {
        const fault = faults.take(endpoint)
        const { headers, method, url } = incoming
        const body = Redacted.make(IncomingRequest.textOf(incoming))
        const request = { endpoint, method, url, headers, body, time, fault, status: Option.none() }
        return [recorder.arrived(new Recorder.RecordedRequest(request)), fault]
      })

    const handle = (incoming: IncomingRequest.IncomingRequest) =>
      Effect.gen(function* () {
        const { answer, endpoint } = routeOf(incoming)
        const [id, fault] = yield* arrive(incoming, endpoint)
        const response = yield* Option.match(fault, {
          onNone: () => answer,
          onSome: (fault) => withFault(fault, answer, incoming, registry)
        })
        recorder.answered(id, response.status)
        return response
      })

    return { registry, tenants, recorder, faults, handle }
  })

const withFault = (
  fault: Fault,
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse>,
  incoming: IncomingRequest.IncomingRequest,
  registry: Registry.Registry
): Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost> => {
  switch (fault._tag) {
    case "Respond":
      return Effect.succeed(respond(fault))
    case "Delay":
      return Effect.delay(answer, fault.duration)
    case "ConnectionReset":
      return Effect.fail(new ConnectionLost())
    case "TruncatedBody":
      return Effect.map(answer, truncate)
    case "EndlessBody":
      return Effect.succeed(endless(fault))
    case "RevokeToken":
      return before(Option.map(IncomingRequest.credentialsOf(incoming, "bearer"), registry.revoke), answer)
    case "ForgetClient":
      return before(Option.map(Routes.claimedClientId(incoming), registry.forget), answer)
  }
}

const before = <A>(first: Option.Option<Effect.Effect<void>>, then: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.zipRight(
    Option.getOrElse(first, () => Effect.void),
    then
  )

const respond = ({ body, headers, status }: Extract<Fault, { readonly _tag: "Respond" }>) => {
  const contentType = headers["content-type"]
  return body.length === 0
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.uint8Array(body, {
        status,
        headers,
        ...(contentType === undefined ? {} : { contentType })
      })
}

const endless = ({ chunk, every }: Extract<Fault, { readonly _tag: "EndlessBody" }>) => {
  const pause = Option.match(every, {
    // A fiber that reads from memory without a pause would let no other fiber run, not even the one of a time-out.
    onNone: () => Effect.yieldNow(),
    onSome: Effect.sleep
  })
  const more = Stream.repeatEffect(Effect.as(pause, chunk))
  return HttpServerResponse.stream(Stream.concat(Stream.make(chunk), more), { contentType: "application/json" })
}
