/**
 * CXone, as a process of its own: identity service and documents on one port, the API of all tenants on another. The
 * API base URL of each tenant has its name as its path, so that nobody gets to a tenant's API but by its discovery.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Counts } from "./Counts.js"
import * as Jwt from "./Jwt.js"

type Kind = keyof Counts

interface Reply {
  readonly kind: Kind
  readonly status: number
  readonly body: unknown
}

type Answer = (request: IncomingMessage, url: URL, body: string) => Reply

const counts: { -readonly [K in Kind]: number } = { openid: 0, token: 0, configuration: 0, api: 0, refused: 0 }

const found = (kind: Kind, body: unknown): Reply => ({ kind, status: 200, body })
const refused = (status: number, message: string): Reply => ({ kind: "refused", status, body: { message } })

const send = (response: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
  response.end(text)
}

const listen = async (answer: Answer): Promise<string> => {
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1")
      if (url.pathname === "/counts") {
        return send(response, 200, counts)
      }
      const { body, kind, status } = answer(request, url, Buffer.concat(chunks).toString())
      counts[kind]++
      send(response, status, body)
    })
  })
  // Longer than any measurement: no connection is to end, or to be opened anew, between two samples of the heap.
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

const answerApi: Answer = ({ headers }, { pathname }) => {
  const [, place, users, name, ...rest] = pathname.split("/")
  if (users !== "users" || rest.length > 0) {
    return refused(404, "no such place")
  }
  const token = headers.authorization?.replace(/^Bearer /, "") ?? ""
  const tenant = Jwt.tenantOf(token)
  if (tenant === undefined) {
    return refused(401, "no token")
  }
  return place === tenant && name === tenant
    ? found("api", { place, tenant, tokenLength: token.length })
    : refused(403, `a token of ${tenant} for ${name} at ${place}`)
}

const api = await listen(answerApi)

const issueToken = (issuer: string, body: string): Reply => {
  const form = new URLSearchParams(body)
  const tenantId = form.get("username")?.replace(/====$/, "")
  if (form.get("grant_type") !== "password" || tenantId === undefined || form.get("password") === null) {
    return refused(400, "no access key")
  }
  const iat = Math.floor((performance.timeOrigin + performance.now()) / 1000)
  return found("token", {
    access_token: Jwt.accessToken(tenantId, iat),
    token_type: "Bearer",
    expires_in: 3600,
    id_token: Jwt.idToken(tenantId, issuer, iat)
  })
}

const issuer: string = await listen(({ method }, { pathname, searchParams }, body) => {
  switch (`${method} ${pathname}`) {
    case "GET /.well-known/openid-configuration":
      return found("openid", { issuer, token_endpoint: `${issuer}/auth/token`, jwks_uri: `${issuer}/auth/jwks` })
    case "POST /auth/token":
      return issueToken(issuer, body)
    case "GET /.well-known/cxone-configuration": {
      const tenantId = searchParams.get("tenantId")
      return found("configuration", {
        api_endpoint: `${api}/${tenantId}`,
        auth_endpoint: issuer,
        area: "na1",
        tenantId
      })
    }
    default:
      return refused(404, "no such place")
  }
})

// It ends with the process that started it, however that ends.
process.stdin.resume().on("end", () => process.exit(0))
process.stdout.write(`${JSON.stringify({ issuer })}\n`)
