/** How the body of a request is given to undici. */
import { Readable } from "node:stream"
import type { HttpBody } from "@effect/platform/HttpBody"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import { constVoid } from "effect/Function"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import { type Dispatcher, FormData } from "undici"

/**
 * A stream of Effect as one of Node. It runs in one fiber, in the context of the caller, from the moment that undici asks
 * for the first part. A part is pulled only after the socket has taken the one before. If undici gives the body up, because
 * the server answered early or is gone, the fiber is interrupted, and its finalizers run.
 */
export class Upload extends Readable {
  /** How the stream failed, which undici may hide behind a failure of its own. */
  failure: Cause.Cause<unknown> | undefined
  readonly #run: () => Fiber.RuntimeFiber<void, unknown>
  #fiber: Fiber.RuntimeFiber<void, unknown> | undefined
  #proceed: (() => void) | undefined
  /** Whether Node has asked for more since the last part. */
  #isWanted = false

  constructor(stream: Stream.Stream<Uint8Array, unknown>, caller: Runtime.Runtime<never>) {
    // Only the socket reads ahead.
    super({ highWaterMark: 1 })
    // undici listens only as long as it sends.
    this.on("error", constVoid)
    const upload = Stream.runForEachChunk(stream, (parts) =>
      Effect.forEach(parts, (part) => this.#send(part), { discard: true })
    )
    this.#run = () => Runtime.runFork(caller, Effect.interruptible(upload))
  }

  override _read(): void {
    this.#isWanted = true
    if (this.#fiber === undefined) {
      this.#fiber = this.#run()
      this.#fiber.addObserver((exit) => this.#conclude(exit))
    } else {
      this.#proceed?.()
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#fiber?.unsafeInterruptAsFork(FiberId.none)
    callback(error)
  }

  /** Waits until the finalizers of the stream have run. */
  readonly ended: Effect.Effect<void> = Effect.suspend(() =>
    this.#fiber === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.#fiber))
  )

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
      this.push(null)
    } else {
      this.failure = exit.cause
      this.destroy(new Error("the stream of the body failed"))
    }
  }
}

type Body = NonNullable<Dispatcher.DispatchOptions["body"]>

/** undici encodes only its own `FormData`, not that of Node. */
const formOf = (form: globalThis.FormData): FormData => {
  const copy = new FormData()
  for (const [name, value] of form) {
    if (typeof value === "string") {
      copy.append(name, value)
    } else {
      copy.append(name, value, value.name)
    }
  }
  return copy
}

/** The body for undici. All but a stream of Effect is undici's to send. */
export const make = (body: Exclude<HttpBody, { readonly _tag: "Stream" }>): Body | null => {
  switch (body._tag) {
    case "Empty":
      return null
    case "FormData":
      return formOf(body.formData)
    case "Raw":
    case "Uint8Array":
      // undici refuses what it can't send.
      return body.body as Body
  }
}
