/**
 * The other side of the comparison: an identity provider and an API, for many clients at once, each with settings and
 * counts of its own. A client is made by its first setting; its secret is `secret`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { ClientSettings } from "./Provider.js"

interface Token {
  readonly issuedAt: number
  readonly expiresAt: number
  isRevoked: boolean
}

interface Client {
  readonly settings: ClientSettings
  readonly tokens: Map<string, Token>
  newest: Token | undefined
  tokenRequests: number
  apiRequests: number
  /** The API's answers that are held back until so many requests have come. */
  held: Array<() => void>
}

const currentTimeMillis = () => performance.timeOrigin + performance.now()

const clients = new Map<string, Client>()

const send = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers
  })
  response.end(text)
}

const credentialsOf = (request: IncomingMessage, body: string): readonly [id: string, secret: string] => {
  const form = new URLSearchParams(body)
  const [id, secret] = Buffer.from((request.headers.authorization ?? "").slice("Basic ".length), "base64")
    .toString()
    .split(":")
    .map(decodeURIComponent)
  return [form.get("client_id") ?? id ?? "", form.get("client_secret") ?? secret ?? ""]
}

/** Whether the newest token is in that last part of its life in which the provider is down. */
const isDown = ({ newest, settings }: Client, now: number): boolean =>
  newest !== undefined && now >= newest.issuedAt + settings.upFor * settings.lifetime * 1_000 && now < newest.expiresAt

const answerToken = async (request: IncomingMessage, response: ServerResponse, body: string) => {
  const [id, secret] = credentialsOf(request, body)
  const client = clients.get(id)
  if (client === undefined) {
    return send(response, 401, { error: "invalid_client" })
  }
  client.tokenRequests += 1
  await sleep(client.settings.delay)
  const now = currentTimeMillis()
  if (secret !== "secret") {
    return send(response, 401, { error: "invalid_client" })
  }
  if (isDown(client, now)) {
    return send(response, 503, { error: "temporarily_unavailable" })
  }
  const { lifetime, tokenBytes } = client.settings
  const access_token = `${id}.${client.tokens.size}.`.padEnd(tokenBytes, "t")
  client.newest = { issuedAt: now, expiresAt: now + lifetime * 1_000, isRevoked: false }
  client.tokens.set(access_token, client.newest)
  return send(response, 200, { access_token, token_type: "Bearer", expires_in: lifetime })
}

const answerApi = (request: IncomingMessage, response: ServerResponse) => {
  const bearer = (request.headers.authorization ?? "").slice("Bearer ".length)
  const client = clients.get(bearer.slice(0, bearer.indexOf(".")))
  const token = client?.tokens.get(bearer)
  if (client === undefined || token === undefined) {
    return send(response, 401, {}, { "www-authenticate": `Bearer error="invalid_token"` })
  }
  client.apiRequests += 1
  const answer = () =>
    token.isRevoked || token.expiresAt <= currentTimeMillis()
      ? send(response, 401, {}, { "www-authenticate": `Bearer error="invalid_token"` })
      : send(response, 200, { id: "u1", name: "Ada Lovelace", roles: ["agent", "supervisor"] })
  const { hold } = client.settings
  if (client.apiRequests > hold) {
    return answer()
  }
  client.held.push(answer)
  if (client.apiRequests === hold) {
    for (const each of client.held.splice(0)) {
      each()
    }
  }
}

const server = createServer((request, response) => {
  let body = ""
  request.setEncoding("utf8").on("data", (part: string) => {
    body += part
  })
  request.on("end", () => {
    const [, kind, id = ""] = (request.url ?? "").split("/")
    const client = clients.get(id)
    switch (`${request.method} ${kind}`) {
      case "GET api":
        return answerApi(request, response)
      case "POST oauth":
        return answerToken(request, response, body)
      case "PUT clients":
        clients.set(id, {
          settings: JSON.parse(body), // The sender's type is the same.
          tokens: client?.tokens ?? new Map(),
          newest: client?.newest,
          tokenRequests: 0,
          apiRequests: 0,
          held: []
        })
        return send(response, 200, {})
      case "GET clients":
        return send(response, 200, { tokenRequests: client?.tokenRequests ?? 0, apiRequests: client?.apiRequests ?? 0 })
      case "DELETE clients":
        for (const token of client?.tokens.values() ?? []) {
          token.isRevoked = true
        }
        return send(response, 200, {})
      default:
        return send(response, 404, {})
    }
  })
})
server.keepAliveTimeout = 600_000
server.listen({ port: 0, host: "127.0.0.1", backlog: 16_384 }, () => {
  const { port } = server.address() as AddressInfo // It listens on a port, not on a pipe.
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`)
})

// It ends with the process that started it, however that ends.
process.stdin.resume().on("end", () => process.exit(0))
