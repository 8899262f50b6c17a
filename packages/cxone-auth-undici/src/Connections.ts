/** How connections are opened, and given up. */
import type { Socket } from "node:net"
import { constVoid } from "effect/Function"
import { buildConnector } from "undici"

/** A connection that is being opened. */
export interface Attempt {
  /** Ends it. It then fails with the reason. */
  readonly destroy: (reason?: Error) => unknown
}

/** Opens a connection. */
export type Open = (target: buildConnector.Options, callback: buildConnector.Callback) => Attempt

/**
 * Opens connections, and ends them with the layer: undici leaves those that are not open yet, and a tunnel whose TLS is not,
 * to their time-out, and until then the process does not end.
 */
export const make = (options: buildConnector.BuildOptions) => {
  const sockets = new Set<Socket>()
  const connect = buildConnector(options)
  // undici names the host as the `Host` of the request does. Left out, it is the host of the URL, whose certificate counts.
  const open: Open = ({ servername: _, ...target }, callback) => {
    // It returns the socket, which its type does not say.
    const socket = connect(target, callback) as unknown as Socket
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
    return socket
  }
  return {
    open,
    destroy: () => {
      for (const socket of sockets) {
        socket.destroy()
      }
    }
  }
}

/** The requests to one origin that wait for a connection, and the connections that are being opened for them. */
export class Waiting {
  #requests = 0
  readonly #begun = new Set<(reason: Error) => void>()

  constructor(private readonly onIdle: () => void) {}

  enter(): void {
    this.#requests++
  }

  /** Ends what {@link enter} began. After the last request, the connections that are not open yet are given up. */
  leave(): void {
    this.#requests--
    if (this.#requests > 0) {
      return
    }
    if (this.#begun.size > 0) {
      const abandoned = [...this.#begun]
      this.#begun.clear()
      for (const giveUp of abandoned) {
        giveUp(nobodyWaits())
      }
    }
    this.onIdle()
  }

  /** Opens a connection, if a request waits for one. */
  connect(open: Open, target: buildConnector.Options, callback: buildConnector.Callback): void {
    if (this.#requests === 0) {
      callback(nobodyWaits(), null)
      return
    }
    const attempt = open(target, (...outcome) => {
      if (this.#begun.delete(giveUp)) {
        callback(...outcome)
      }
    })
    // undici hears of it at once, and not when the socket is closed, because it may have the next request by then.
    const giveUp = (reason: Error) => {
      callback(reason, null)
      attempt.destroy(reason)
    }
    this.#begun.add(giveUp)
  }
}

const nobodyWaits = () => new Error("no request waits for the connection any more")

/** How many idle origins are kept. To forget one after each request, and to make it anew, would cost more than all else here. */
const mostIdle = 100

const nobody = new Waiting(constVoid)

/**
 * Opens connections only while a request waits for one. undici also opens one for a request that was aborted: it does not look
 * at a request again before it has a connection.
 */
export const heeding = (
  open: Open
): { readonly connect: buildConnector.connector; readonly waitingAt: (origin: string) => Waiting } => {
  const origins = new Map<string, Waiting>()
  const waitingAt = (origin: string): Waiting => {
    const known = origins.get(origin)
    if (known !== undefined) {
      return known
    }
    const waiting = new Waiting(() => void (origins.size > mostIdle && origins.delete(origin)))
    origins.set(origin, waiting)
    return waiting
  }
  return {
    connect: (target, callback) => {
      const waiting = origins.get(`${target.protocol}//${target.host}`) ?? nobody
      waiting.connect(open, target, callback)
    },
    waitingAt
  }
}
