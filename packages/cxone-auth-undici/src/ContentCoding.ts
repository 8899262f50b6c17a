/** The codings of a body (RFC 9110 §8.4): which are asked for, and how they are undone. */
import { pipeline, Readable, type Transform } from "node:stream"
import * as Zlib from "node:zlib"
import { ResponseBody, Unreadable } from "./ResponseBody.js"

/** What is asked for. */
export const accepted = "gzip, deflate, br"

type MakeDecoder = (firstByte: number | undefined) => Transform

// Some servers send deflate bare, without zlib's frame, whose first byte has an 8 in its lower half (RFC 1950 §2.2).
const makeInflate: MakeDecoder = (firstByte) =>
  firstByte === undefined || (firstByte & 0x0f) === 8 ? Zlib.createInflate() : Zlib.createInflateRaw()

const decoders: { readonly [coding: string]: MakeDecoder } = {
  gzip: () => Zlib.createGunzip(),
  "x-gzip": () => Zlib.createGunzip(),
  deflate: makeInflate,
  br: () => Zlib.createBrotliDecompress()
}

export type Codings = ReadonlyArray<MakeDecoder>

/** As many as undici's fetch undoes. Each costs a stream of zlib, and a server can name thousands. */
const most = 5

/** What undoes the codings of an answer, the last one first. Nothing if one of them is unknown: then the body stays. */
export const codingsOf = (contentEncoding: string): Codings => {
  const names = contentEncoding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
  const known = names.filter((name) => name !== "" && name !== "identity")
  const made = known.flatMap((name) => (Object.hasOwn(decoders, name) ? (decoders[name] ?? []) : []))
  return made.length === known.length ? made.reverse() : []
}

/** The parts of a body as a stream of Node, which reads no faster than it is read. */
const readableOf = (body: ResponseBody, first: ReadonlyArray<Uint8Array>): Readable => {
  let ahead = first
  const readable = new Readable({
    read() {
      const taken = ahead.length > 0 ? ahead : body.take()
      ahead = []
      if (taken === undefined) {
        body.onNext(() => readable._read(0))
      } else if ("cause" in taken) {
        // Not an error of the decoder's, and not always an `Error`.
        readable.destroy(new BrokenOff(taken.cause))
      } else if (taken.length === 0) {
        readable.push(null)
      } else {
        for (const part of taken) {
          readable.push(part)
        }
      }
    },
    destroy(error, callback) {
      body.abort(error ?? new Error("the decoder stopped"))
      callback(error)
    }
  })
  return readable
}

class BrokenOff extends Error {
  constructor(override readonly cause: unknown) {
    super()
  }
}

/**
 * The body without its codings. A body that is broken, or ends within a coding, fails with zlib's error. One with more
 * codings than {@link most} fails before anything is decoded.
 */
export const decode = (body: ResponseBody, codings: Codings): ResponseBody => {
  const decoded = new ResponseBody()
  if (codings.length > most) {
    const tooMany = new Unreadable({
      message: `the body has ${codings.length} codings, and at most ${most} are undone`
    })
    body.abort(tooMany)
    decoded.fail(tooMany)
    return decoded
  }
  const fail = (error: Error) => decoded.fail(error instanceof BrokenOff ? error.cause : error)
  const begin = () => {
    const first = body.take()
    if (first === undefined) {
      body.onNext(begin)
    } else if ("cause" in first) {
      decoded.fail(first.cause)
    } else if (first.length === 0) {
      // No body at all, as in an answer to HEAD.
      decoded.end()
    } else {
      const transforms = codings.map((make, index) => make(index === 0 ? first[0]?.[0] : undefined))
      const last = transforms[transforms.length - 1]
      // The pipeline looks after the others. It leaves the last one as soon as that has been written.
      last
        ?.on("data", (part: Buffer) => decoded.push(part))
        .on("end", () => decoded.end())
        .on("error", fail)
      pipeline([readableOf(body, first), ...transforms], (error) => error && fail(error))
      decoded.source = {
        pause: () => last?.pause(),
        resume: () => last?.resume(),
        abort: (reason) => {
          body.abort(reason)
          last?.destroy()
        }
      }
    }
  }
  decoded.source = { pause() {}, resume() {}, abort: (reason) => body.abort(reason) }
  begin()
  return decoded
}
