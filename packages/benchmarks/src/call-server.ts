/**
 * The other side of the calls: a token endpoint, an API that always answers, one that says "not yet" to everything for
 * two seconds, and one that takes 200 requests a second. What arrives at the latter two is written down, run by run.
 */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** Milliseconds since the first request of the run, and the status. */
type Arrival = readonly [at: number, status: number]

interface Run {
  readonly startedAt: number
  readonly arrivals: Array<Arrival>
}

const runs = new Map<string, Run>()

const send = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers
  })
  response.end(text)
}

const runOf = (name: string): Run => {
  const run = runs.get(name) ?? { startedAt: performance.now(), arrivals: [] }
  runs.set(name, run)
  return run
}

/** Whether the run's next request is answered with 429, and with which `Retry-After`. */
const rules: { readonly [kind: string]: (at: number, before: ReadonlyArray<Arrival>) => string | undefined } = {
  closed: (at) => (at < 2_000 ? "2" : undefined),
  quota: (at, before) => {
    const second = Math.floor(at / 1_000)
    const taken = before.filter((arrival) => arrival[1] === 200 && Math.floor(arrival[0] / 1_000) === second).length
    return taken < 200 ? undefined : "1"
  }
}

const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const [, kind = "", name = ""] = (request.url ?? "").split("/")
    const refuses = rules[kind]
    if (refuses !== undefined) {
      const { arrivals, startedAt } = runOf(`${kind}/${name}`)
      const at = performance.now() - startedAt
      const retryAfter = refuses(at, arrivals.slice(-5_000))
      arrivals.push([at, retryAfter === undefined ? 200 : 429])
      return retryAfter === undefined
        ? send(response, 200, { ok: true })
        : send(response, 429, { message: "Too Many Requests" }, { "retry-after": retryAfter })
    }
    switch (kind) {
      case "free":
        return send(response, 200, { id: "u1", name: "Ada Lovelace", roles: ["agent", "supervisor"] })
      case "oauth":
        return send(response, 200, { access_token: "t".repeat(1_000), token_type: "Bearer", expires_in: 3600 })
      case "arrivals":
        return send(response, 200, runs.get((request.url ?? "").slice("/arrivals/".length))?.arrivals ?? [])
      default:
        return send(response, 404, {})
    }
  })
})
server.keepAliveTimeout = 600_000
server.listen({ port: 0, host: "127.0.0.1", backlog: 8_192 }, () => {
  const { port } = server.address() as AddressInfo // It listens on a port, not on a pipe.
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`)
})

// It ends with the process that started it, however that ends.
process.stdin.resume().on("end", () => process.exit(0))
