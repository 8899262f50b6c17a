import { HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { Credentials, CxoneAuth, type CxoneAuthError, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import {
  Cause,
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Random,
  Redacted,
  Scope,
  Stream
} from "effect"
import * as VirtualTime from "../../support/VirtualTime.js"
import { type Command, plainCall } from "./Commands.js"
import { Cxone, up } from "./Cxone.js"
import { type Asked, type Outcome, Recorder, routes, type Timed } from "./Trace.js"

const minute = 60_000

/** After this, every `Retry-After` that is believed is over, however often the clock was set back. */
const untilCalm = 60 * 60 * minute

type CallCommand = Extract<Command, { readonly tag: "call" }>

const requestOf = ({ isStream, route }: Asked, id: number): HttpClientRequest.HttpClientRequest => {
  const path = route.slice(route.indexOf("/")).replace("{id}", String(1_000 + id))
  const json = HttpBody.unsafeJson({ id })
  const stream = HttpBody.stream(Stream.make(new Uint8Array(1)))
  switch (route) {
    case "POST /jobs":
      return HttpClientRequest.post(path, { body: json })
    case "PUT /files/{id}":
      return HttpClientRequest.put(path, { body: isStream ? stream : json })
    default:
      return HttpClientRequest.get(path)
  }
}

/** Only an upload streams. */
const askedOf = ({ client, isMarked, isStream, isUninterruptible, patience, route, wants }: CallCommand): Asked => ({
  route,
  isStream: isStream && route === "PUT /files/{id}",
  patience,
  isMarked,
  wants,
  client,
  isUninterruptible
})

type Failure = CxoneAuthError | { readonly _tag: "RequestError" | "ResponseError"; readonly reason: string }

const outcomeOf = (exit: Exit.Exit<HttpClientResponse.HttpClientResponse, Failure>): Outcome =>
  Exit.match(exit, {
    onSuccess: ({ headers, status }) => ({ tag: "response", status, request: Number(headers["x-request"]) }),
    onFailure: (cause) => {
      if (Cause.isInterruptedOnly(cause)) return { tag: "interrupted" }
      return Option.match(Cause.failureOption(cause), {
        onNone: () => ({ tag: "defect", text: Cause.pretty(cause) }),
        onSome: (error) => ({
          tag: "error",
          error: error._tag,
          reason: String(error.reason),
          retryAfter:
            "retryAfter" in error && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined,
          notSentAgain: "notSentAgain" in error ? error.notSentAgain : undefined
        })
      })
    }
  })

/** A clock on which the wall clock can be set. Sleeps and the even clock go on as they were. */
const settable = (clock: Clock.Clock, wall: () => number): Clock.Clock => ({
  ...clock,
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: wall,
  currentTimeMillis: Effect.sync(wall)
})

const credentialsOf = (tenant: string) =>
  Credentials.accessKey({
    clientId: "reports",
    clientSecret: Redacted.make("s3cr3t"),
    accessKeyId: `${tenant}====`,
    accessKeySecret: Redacted.make("a-key-secret====")
  })

/** Runs a real service with two real clients through these commands in virtual time, and gives the trace. */
export const play = (commands: ReadonlyArray<Command>, seed: number): ReadonlyArray<Timed> => {
  let events: ReadonlyArray<Timed> = []

  const program = Effect.clockWith((clock) => {
    // The wall clock begins some years after 1970, so that it can be set back.
    const recorder = new Recorder(() => clock.unsafeCurrentTimeMillis())
    recorder.setClock(50 * 365 * 24 * 60 * minute)
    events = recorder.events
    return Effect.withClock(
      inWorld(recorder, commands),
      settable(clock, () => recorder.wall)
    )
  })
  const exit = VirtualTime.run(Effect.withRandom(program, Random.make(seed)))
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return events
}

const inWorld = (recorder: Recorder, commands: ReadonlyArray<Command>) =>
  Effect.gen(function* () {
    const cxone = new Cxone(recorder)
    const layer = yield* Scope.make()
    const context = yield* Layer.mergeAll(CxoneHttpClient.layer(), CxoneHttpClient.layerHttpClient()).pipe(
      Layer.provideMerge(
        CxoneAuth.layer({
          credentials: Effect.sync(() => credentialsOf(cxone.provider.tenant)),
          environment: CxoneEnvironment.discover()
        })
      ),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, cxone.client)),
      Layer.buildWithScope(layer)
    )
    const clients = { typed: Context.get(context, CxoneHttpClient), plain: Context.get(context, HttpClient.HttpClient) }
    let calls = 0

    const call = (command: CallCommand) =>
      Effect.gen(function* () {
        const id = ++calls
        const asked = askedOf(command)
        const { isMarked, isUninterruptible, patience, wants } = asked
        const request = HttpClientRequest.setHeader(requestOf(asked, id), "x-call", String(id))
        const made = Effect.suspend(() => clients[asked.client].execute(request)).pipe(
          CxoneHttpClient.withTypedErrors,
          CxoneHttpClient.withCallOptions({
            onRateLimited: { wait: patience },
            asResponse: wants,
            idempotent: isMarked ? true : undefined
          }),
          Effect.onExit((exit) => Effect.sync(() => recorder.record({ tag: "end", id, outcome: outcomeOf(exit) })))
        )
        const whole = Effect.flatMap(made, (response) => (command.reads ? read(id, response) : Effect.void))
        recorder.record({ tag: "call", id, ...asked })
        if (command.leavesAfter === undefined || isUninterruptible) {
          const fiber = yield* Effect.forkDaemon(isUninterruptible ? Effect.uninterruptible(whole) : whole)
          yield* Effect.sleep(command.leavesAfter ?? 0)
          return yield* command.leavesAfter === undefined ? Effect.void : Fiber.interruptFork(fiber)
        }
        const leave = Effect.sync(() => recorder.record({ tag: "leave", id }))
        const end = Effect.zipRight(Effect.sleep(command.leavesAfter), leave)
        if (command.leavesBy === "time-out") return yield* Effect.exit(Effect.raceFirst(whole, end))
        const fiber = yield* Effect.fork(whole)
        yield* Effect.zipRight(end, Fiber.interrupt(fiber))
      })

    const read = (id: number, response: HttpClientResponse.HttpClientResponse) =>
      Stream.runFold(Stream.decodeText(response.stream), "", (text, part) => text + part).pipe(
        Effect.option,
        Effect.flatMap((text) =>
          Effect.sync(() => {
            // A body that breaks off has no end that could be compared.
            const sent = cxone.bodyOf(Number(response.headers["x-request"]))
            recorder.record({ tag: "read", id, isAsSent: Option.getOrElse(text, () => sent) === sent })
          })
        )
      )

    const step = (command: Command) =>
      Effect.gen(function* () {
        switch (command.tag) {
          case "call":
            for (let n = 0; n < command.count; n++) yield* Effect.forkDaemon(call(command))
            return yield* Effect.yieldNow()
          case "sleep":
            return yield* Effect.sleep(command.millis)
          case "route":
            return cxone.set(command.route, { ...up, ...command.behaviour })
          case "provider":
            cxone.provider = { ...cxone.provider, ...command.change }
            return
          case "revoke":
            return cxone.revoke()
          case "jump":
            return recorder.setClock(command.by)
          case "close":
            recorder.record({ tag: "close" })
            return yield* Scope.close(layer, Exit.void)
        }
      })

    // The first call finds out where the API is.
    yield* step(plainCall)
    for (const command of commands) yield* step(command)
    for (const route of routes) cxone.set(route, up)
    cxone.provider = { tenant: cxone.provider.tenant, latency: 0, retryAfter: undefined }
    recorder.record({ tag: "settle" })
    yield* Effect.sleep(untilCalm)
    recorder.record({ tag: "burst" })
    for (const route of routes) yield* step({ ...plainCall, route, patience: minute, count: 8 })
    yield* Effect.sleep(10 * minute)
    recorder.record({ tag: "close" })
    yield* Scope.close(layer, Exit.void)
    yield* Effect.sleep(minute)
  })
