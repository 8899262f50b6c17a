/**
 * The body of a request on its way to a server in memory.
 */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { ClientGone } from "../http/ConnectionError.js"
import { noBytes, objectionToLength } from "../http/HttpRules.js"
import type { Upload } from "../http/IncomingRequest.js"
import { collect } from "../http/ResponseBody.js"

export interface Encoded {
  readonly upload: Upload
  readonly contentType?: string | undefined
  /** What is still sent after the answer has come. */
  readonly goOn: Effect.Effect<void, ClientGone>
}

export const encode = (body: HttpBody.HttpBody, headers: Headers.Headers): Effect.Effect<Encoded, ClientGone> => {
  switch (body._tag) {
    case "Uint8Array":
      return Effect.succeed(encodedBytes(body.body))
    case "Stream":
      return Effect.map(Effect.context<never>(), (context) =>
        encodedStream(Stream.provideContext(body.stream, context), headers)
      )
    case "FormData":
      return encodeForm(body.formData, headers)
    default:
      return Effect.succeed(encodedBytes(noBytes))
  }
}

const encodedBytes = (bytes: Uint8Array): Encoded => ({
  upload: { whole: Effect.succeed(bytes), first: Effect.succeed(bytes) },
  goOn: Effect.void
})

const requireLength = (bytes: Uint8Array, headers: Headers.Headers): Effect.Effect<Uint8Array, ClientGone> => {
  const objection = objectionToLength(headers, bytes)
  return objection === undefined
    ? Effect.succeed(bytes)
    : Effect.fail(new ClientGone({ cause: new TypeError(`In memory as on the wire: ${objection}`) }))
}

/** How often other fibers run while an early answer is on its way. A stream that fails at once takes a few of these turns. */
const turnsOfAnEarlyAnswer = 20

const encodedStream = (stream: Stream.Stream<Uint8Array, unknown>, headers: Headers.Headers): Encoded => {
  let isBegun = false
  const pieces = Stream.mapError(
    Stream.suspend(() => {
      isBegun = true
      return stream
    }),
    (cause) => new ClientGone({ cause })
  )
  const whole = Effect.flatMap(collect(pieces), (bytes) => requireLength(bytes, headers))
  return {
    upload: {
      whole,
      first: Effect.map(
        Stream.runHead(pieces),
        Option.getOrElse(() => noBytes)
      )
    },
    // A client goes on sending while an early answer is on its way. If its stream fails by then, the request fails.
    goOn: Effect.gen(function* () {
      if (isBegun) {
        return
      }
      const sending = yield* Effect.fork(Effect.interruptible(whole))
      yield* Effect.repeatN(Effect.yieldNow(), turnsOfAnEarlyAnswer)
      const exit = yield* Fiber.poll(sending)
      yield* Fiber.interruptFork(sending)
      yield* Option.getOrElse(exit, () => Exit.void)
    })
  }
}

// Only the web platform can encode a multipart form, and it needs a Promise.
const encodeForm = (form: FormData, headers: Headers.Headers): Effect.Effect<Encoded, ClientGone> =>
  Effect.tryPromise({
    try: async () => {
      const message = new Response(form)
      const contentType = message.headers.get("content-type") ?? undefined
      return { contentType, bytes: new Uint8Array(await message.arrayBuffer()) }
    },
    catch: (cause) => new ClientGone({ cause })
  }).pipe(
    Effect.flatMap(({ bytes, contentType }) =>
      Effect.map(requireLength(bytes, headers), () => ({ ...encodedBytes(bytes), contentType }))
    )
  )
