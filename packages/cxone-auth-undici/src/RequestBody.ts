/** How the body of a request is given to undici. */
import { randomUUID } from "node:crypto"
import { Readable } from "node:stream"
import type { Headers } from "@effect/platform/Headers"
import type { HttpBody } from "@effect/platform/HttpBody"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import { constVoid, identity } from "effect/Function"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type { Dispatcher } from "undici"

/** The largest body, and the largest part of one, that is written at once. */
const mostAtOnce = 64 * 1024

/** A body that is sent part by part. */
export class Parts {
  constructor(
    readonly stream: Stream.Stream<Uint8Array, unknown>,
    private readonly length?: number,
    private readonly type = ""
  ) {}

  /** Adds its length and its type to the headers, unless the request itself has them. */
  describeIn(list: Array<string>, { "content-length": length, "content-type": type }: Headers): void {
    if (length === undefined && this.length !== undefined) {
      list.push("content-length", String(this.length))
    }
    if (type === undefined && this.type !== "") {
      list.push("content-type", this.type)
    }
  }
}

/**
 * A stream of Effect as one of Node. It runs in one fiber, in the context of the caller, from the moment that undici asks
 * for the first part. A part is pulled only after the socket has taken the one before. If undici gives the body up, because
 * the server answered early or is gone, the fiber is interrupted, and its finalizers run.
 *
 * It has a clock of its own for the headers of the answer. That of undici may end a request whose server is still taking a
 * large part, and may not notice a server that takes nothing.
 */
export class Upload extends Readable {
  /** How the stream failed, which undici may hide behind a failure of its own. */
  failure: Cause.Cause<unknown> | undefined
  readonly #run: () => Fiber.RuntimeFiber<void, unknown>
  #fiber: Fiber.RuntimeFiber<void, unknown> | undefined
  #proceed: (() => void) | undefined
  /** Whether Node has asked for more since the last part. */
  #isWanted = false
  #clock: NodeJS.Timeout | undefined
  #isServersTurn = false
  #isSilenceFine = false
  /** Called if the server takes nothing for so long, or has all and does not answer. */
  onSilence: () => void = constVoid

  constructor(
    readonly parts: Parts,
    caller: Runtime.Runtime<never>,
    /** In milliseconds. 0 is for ever. */
    private readonly patience: number
  ) {
    // Only the socket reads ahead.
    super({ highWaterMark: 1 })
    // undici listens only as long as it sends.
    this.on("error", constVoid)
    const upload = Stream.runForEachChunk(parts.stream, (chunk) =>
      Effect.forEach(chunk, (part) => this.#sendAll(part), { discard: true })
    )
    this.#run = () => Runtime.runFork(caller, Effect.interruptible(upload))
  }

  /** The server says that it works on it. */
  heard(): void {
    if (this.#isServersTurn) {
      this.#awaitServer()
    }
  }

  /** From now on the server may be silent: it has answered, or the request is over. */
  ignoreSilence(): void {
    this.#isSilenceFine = true
    clearTimeout(this.#clock)
  }

  override _read(): void {
    this.#isWanted = true
    this.#isServersTurn = false
    if (this.#fiber === undefined) {
      this.#fiber = this.#run()
      this.#fiber.addObserver((exit) => this.#conclude(exit))
    } else {
      this.#proceed?.()
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // The socket has taken the last part only now.
    this.heard()
    this.#fiber?.unsafeInterruptAsFork(FiberId.none)
    callback(error)
  }

  /** Waits until the finalizers of the stream have run. */
  readonly ended: Effect.Effect<void> = Effect.suspend(() =>
    this.#fiber === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.#fiber))
  )

  #sendAll(part: Uint8Array): Effect.Effect<void> {
    if (part.length <= mostAtOnce) {
      return this.#send(part)
    }
    let sent = 0
    return Effect.whileLoop({
      while: () => sent < part.length,
      body: () => this.#send(part.subarray(sent, sent + mostAtOnce)),
      step: () => {
        sent += mostAtOnce
      }
    })
  }

  #awaitServer(): void {
    if (this.patience === 0 || this.#isSilenceFine) {
      return
    }
    this.#isServersTurn = true
    if (this.#clock === undefined) {
      // biome-ignore lint/plugin: in real time, as undici's time-outs are, and started anew for each part
      this.#clock = setTimeout(() => this.#isServersTurn && this.onSilence(), this.patience)
    } else {
      this.#clock.refresh()
    }
  }

  #send(part: Uint8Array): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isWanted = false
      return part.length === 0 || this.push(part)
        ? Effect.void
        : Effect.async<void>((resume) => {
            // The fiber may have let others run since the push.
            if (this.#isWanted) {
              resume(Effect.void)
              return
            }
            this.#awaitServer()
            this.#proceed = () => {
              this.#proceed = undefined
              resume(Effect.void)
            }
          })
    })
  }

  #conclude(exit: Exit.Exit<void, unknown>): void {
    if (this.destroyed) {
      return
    }
    if (Exit.isSuccess(exit)) {
      this.#awaitServer()
      this.push(null)
    } else {
      this.failure = exit.cause
      this.destroy(new Error("the stream of the body failed"))
    }
  }
}

/** What undici sends. */
export type Body = NonNullable<Dispatcher.DispatchOptions["body"]>

/** In bytes, without a copy. */
const bytesOf = (body: unknown): Uint8Array | undefined => {
  if (typeof body === "string") {
    return Buffer.from(body)
  }
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  }
  return body instanceof ArrayBuffer ? new Uint8Array(body) : undefined
}

const lineBreaks = /\r\n|\r|\n/g
const inHeader = (text: string) => text.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22")

/** A form as the HTML standard encodes it ("multipart/form-data encoding algorithm"). Its files are not copied. */
const encodeForm = (form: FormData): Blob => {
  const boundary = `----form-${randomUUID()}`
  const parts: Array<string | Blob> = []
  for (const [name, value] of form) {
    const start = `--${boundary}\r\nContent-Disposition: form-data; name="${inHeader(name.replace(lineBreaks, "\r\n"))}"`
    if (typeof value === "string") {
      parts.push(`${start}\r\n\r\n${value.replace(lineBreaks, "\r\n")}\r\n`)
    } else {
      const type = value.type === "" ? "application/octet-stream" : value.type
      parts.push(`${start}; filename="${inHeader(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, "\r\n")
    }
  }
  return new Blob([...parts, `--${boundary}--\r\n`], { type: `multipart/form-data; boundary=${boundary}` })
}

/** A body for undici, or parts for an {@link Upload}: all that is large, because undici would write it at once. */
export const make = (body: HttpBody): Body | Parts | null => {
  switch (body._tag) {
    case "Empty":
      return null
    case "Stream":
      return new Parts(body.stream)
    case "FormData":
      return ofBlob(encodeForm(body.formData))
    case "Raw":
    case "Uint8Array": {
      if (body.body instanceof Blob) {
        return ofBlob(body.body)
      }
      if (body.body instanceof FormData) {
        return ofBlob(encodeForm(body.body))
      }
      if (body.body instanceof URLSearchParams) {
        return ofBlob(new Blob([body.body.toString()], { type: "application/x-www-form-urlencoded;charset=UTF-8" }))
      }
      const bytes = bytesOf(body.body)
      return bytes !== undefined && bytes.length > mostAtOnce
        ? new Parts(Stream.succeed(bytes), bytes.length)
        : // undici sends it, also a stream of Node or of the web, and refuses what it can't send.
          (body.body as Body)
    }
  }
}

const ofBlob = (blob: Blob): Body | Parts =>
  blob.size <= mostAtOnce
    ? // undici takes it, which its types don't say.
      (blob as object as Body)
    : new Parts(
        Stream.fromReadableStream(() => blob.stream(), identity),
        blob.size,
        blob.type
      )
