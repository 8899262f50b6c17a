/** How connections are opened, and given up. */
import type { Socket } from "node:net"
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

/** Counts a request that waits for a connection to this origin, until what it returns is called, once. */
export type Wait = (origin: string) => () => void

/**
 * Gives up the connections to an origin that are not open yet, once no request waits for one. undici would go on: it does not
 * look at a request again before it has a connection.
 */
export const heeding = (open: Open): { readonly connect: buildConnector.connector; readonly wait: Wait } => {
  const origins = new Map<string, { requests: number; readonly begun: Set<(reason: Error) => void> }>()
  const forgetIdle = (origin: string) => {
    const found = origins.get(origin)
    if (found?.requests === 0 && found.begun.size === 0) {
      origins.delete(origin)
    }
  }
  const at = (origin: string) => {
    const found = origins.get(origin) ?? { requests: 0, begun: new Set() }
    origins.set(origin, found)
    return found
  }
  return {
    // undici connects in the call that gives it a request, so before the request can be counted.
    connect: (target, callback) => {
      const origin = `${target.protocol}//${target.host}`
      const { begun } = at(origin)
      const attempt = open(target, (...outcome) => {
        if (begun.delete(giveUp)) {
          forgetIdle(origin)
          callback(...outcome)
        }
      })
      // undici hears of it at once, and not when the socket is closed, because it may have the next request by then.
      const giveUp = (reason: Error) => {
        callback(reason, null)
        attempt.destroy(reason)
      }
      begun.add(giveUp)
    },
    wait: (origin) => {
      const waiting = at(origin)
      waiting.requests++
      return () => {
        waiting.requests--
        if (waiting.requests === 0) {
          const abandoned = [...waiting.begun]
          waiting.begun.clear()
          forgetIdle(origin)
          for (const giveUp of abandoned) {
            giveUp(new Error("no request waits for the connection any more"))
          }
        }
      }
    }
  }
}
