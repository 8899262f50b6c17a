/**
 * The body of an answer, between undici, which pushes its parts, and a reader, who takes them. It holds at most
 * {@link mostHeld} bytes ahead of its reader: then the connection is paused. So a small answer that nobody reads ends by
 * itself and frees its connection.
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { onInterrupt } from "./Interruption.js"

/** What brings the parts: undici's controller, or a decoder. */
export interface Source {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** As much as undici's own bodies hold. */
export const mostHeld = 64 * 1024

/** Why a body can't be read, if it is not the connection's or zlib's fault. */
export class Unreadable extends Data.TaggedError("Unreadable")<{ readonly message: string }> {}

const tooLarge = (most: number) =>
  new Unreadable({ message: `the body is larger than the ${most} bytes that MaxBodySize allows` })

interface Failure {
  readonly cause: unknown
}

/** Nobody must hold the answer from here: an answer that nobody holds any more is given up. */
export class ResponseBody {
  /** Dropped when no more comes: undici's controller holds the whole request. */
  source: Source | undefined
  #parts: Array<Uint8Array> = []
  #held = 0
  #isPaused = false
  #isEnded = false
  #failure: Failure | undefined
  #reader: "none" | "whole" | "stream" = "none"
  #most = Number.POSITIVE_INFINITY
  #whole: Buffer | undefined
  #waiting: ReadonlyArray<() => void> = []

  /** Whether no more comes. */
  get isOver(): boolean {
    return this.#isEnded || this.#failure !== undefined
  }

  /** Whether the whole body has been read, and can be read again without waiting. */
  get isRead(): boolean {
    return this.#whole !== undefined
  }

  push(part: Uint8Array): void {
    if (this.isOver) {
      return
    }
    this.#parts.push(part)
    this.#held += part.length
    if (this.#reader === "whole") {
      if (this.#held > this.#most) {
        this.abort(tooLarge(this.#most))
      }
      return
    }
    if (this.#held >= mostHeld && !this.#isPaused) {
      this.#isPaused = true
      this.source?.pause()
    }
    this.#wake()
  }

  end(): void {
    if (!this.isOver) {
      this.#isEnded = true
      this.source = undefined
      this.#wake()
    }
  }

  fail(cause: unknown): void {
    if (!this.isOver) {
      this.#failure = { cause }
      this.source = undefined
      this.#wake()
    }
  }

  /** Gives up what has not come yet, and with it the connection. */
  abort(reason: Error): void {
    if (!this.isOver) {
      const { source } = this
      this.#parts = []
      this.fail(reason)
      source?.abort(reason)
    }
  }

  /** The parts that have come since the last call: none at the end, and `undefined` if one must wait. */
  take(): ReadonlyArray<Uint8Array> | Failure | undefined {
    if (this.#parts.length === 0) {
      return this.#failure ?? (this.#isEnded ? [] : undefined)
    }
    const parts = this.#parts
    this.#parts = []
    this.#held = 0
    this.#resume()
    return parts
  }

  /** Calls back once, when there is something to take. Returns what forgets that. */
  onNext(notify: () => void): () => void {
    this.#waiting = [...this.#waiting, notify]
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== notify)
    }
  }

  /**
   * The whole body, of this many bytes at most. It is kept, so that it can be read again. Interrupting the caller aborts the
   * request, and so does a body that is too large for one of those who wait for it: then it fails for all of them.
   */
  whole(most: number): Effect.Effect<Buffer, unknown> {
    if (this.#whole !== undefined) {
      return this.#whole.length > most ? Effect.fail(tooLarge(most)) : Effect.succeed(this.#whole)
    }
    if (this.#reader === "stream") {
      return Effect.fail(new Unreadable({ message: "the body was read before, as a stream" }))
    }
    this.#reader = "whole"
    if (this.#failure !== undefined) {
      return Effect.fail(this.#failure.cause)
    }
    if (this.#held > most) {
      const cause = tooLarge(most)
      this.abort(cause)
      return Effect.fail(cause)
    }
    if (this.#isEnded) {
      try {
        return Effect.succeed(this.#join())
      } catch (cause) {
        // More than a buffer can hold.
        return Effect.fail(cause)
      }
    }
    this.#most = Math.min(this.#most, most)
    const read = Effect.async<Buffer, unknown>((resume) => {
      if (this.isOver) {
        resume(this.whole(most))
        return
      }
      this.onNext(() => resume(Effect.suspend(() => this.whole(most))))
      // undici gives at once what has come meanwhile, which may be all. So the reader waits before that.
      this.#resume()
    })
    const giveUp = Effect.sync(() => this.abort(new Error("the reading was interrupted")))
    return onInterrupt(read, giveUp)
  }

  /** The body as it comes, for one reader. */
  stream(): Stream.Stream<Uint8Array, unknown> {
    if (this.#reader !== "none") {
      return Stream.fromEffect(Effect.suspend(() => this.whole(Number.POSITIVE_INFINITY)))
    }
    this.#reader = "stream"
    return Stream.fromPull(
      Effect.as(
        Effect.addFinalizer(() => Effect.sync(() => this.abort(new Error("the reader stopped")))),
        this.#pull
      )
    )
  }

  readonly #pull: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<unknown>> = Effect.suspend(() => {
    const taken = this.take()
    if (taken === undefined) {
      let forget = constVoid
      const next = Effect.async<Chunk.Chunk<Uint8Array>, Option.Option<unknown>>((resume) => {
        // The fiber may have let others run since it looked.
        if (this.#parts.length > 0 || this.isOver) {
          resume(this.#pull)
        } else {
          forget = this.onNext(() => resume(this.#pull))
        }
      })
      return onInterrupt(
        next,
        Effect.sync(() => forget())
      )
    }
    if ("cause" in taken) {
      return Effect.fail(Option.some(taken.cause))
    }
    return taken.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(Chunk.unsafeFromArray(taken))
  })

  #join(): Buffer {
    const [first, ...more] = this.#parts
    this.#whole =
      more.length > 0 || first === undefined
        ? Buffer.concat(this.#parts)
        : Buffer.from(first.buffer, first.byteOffset, first.byteLength)
    this.#parts = []
    return this.#whole
  }

  #resume(): void {
    if (this.#isPaused) {
      this.#isPaused = false
      this.source?.resume()
    }
  }

  #wake(): void {
    if (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      for (const notify of waiting) {
        notify()
      }
    }
  }
}
