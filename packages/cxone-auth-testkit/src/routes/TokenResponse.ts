import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"
import type { IssuedToken } from "../tokens/Registry.js"
import type { Refusal } from "./Refusal.js"

/** The realm of every challenge. */
export const realm = "cxone-simulator"

/** The fields of a token response that not every route has. */
export interface SuccessFields {
  readonly token_type?: "Bearer"
  readonly scope?: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly issued_token_type?: string
}

/** A token response, in the shape that the options choose. */
export const success = (
  token: IssuedToken,
  { id_token, refresh_token, ...fields }: SuccessFields,
  { expiresIn, quirks = {} }: Pick<SimulatorOptions, "expiresIn" | "quirks">
): HttpServerResponse.HttpServerResponse => {
  const accessToken = Redacted.value(token.value)
  const idToken = quirks.idToken === "omitted" ? undefined : id_token
  const refreshToken = quirks.refreshToken === "omitted" ? undefined : refresh_token
  const lifetime = lifetimeOf(token, expiresIn)
  if (quirks.answer === "camelCase") {
    return json(200, { accessToken, accessTokenExpiry: lifetime, refreshToken, idToken })
  }
  const body = {
    access_token: accessToken,
    expires_in: lifetime,
    refresh_token: refreshToken,
    id_token: idToken,
    ...fields
  }
  return json(200, quirks.answer === "array" ? [body] : body)
}

/** The lifetime of a token in seconds. JSON has no `undefined`: a field with that value is left out. */
export const lifetimeOf = (
  { expiresIn: seconds }: IssuedToken,
  type: SimulatorOptions["expiresIn"]
): number | string | undefined => (type === "omitted" ? undefined : type === "string" ? String(seconds) : seconds)

/** An error response (RFC 6749 §5.2). */
export const refused = (
  incoming: IncomingRequest,
  refusal: Refusal,
  shape: SimulatorQuirks["errors"]
): HttpServerResponse.HttpServerResponse => {
  // RFC 6749 §5.2: only a client that used the Authorization header gets a challenge.
  const challenged = refusal.error === "invalid_client" && incoming.headers.authorization !== undefined
  return json(
    statusOf(refusal),
    problem(refusal, shape),
    challenged ? { "www-authenticate": `Basic realm="${realm}", charset="UTF-8"` } : {}
  )
}

/** The status of a refusal. CXone answers 401 to a bad access key, although RFC 6749 says 400 (docs/cxone-facts.md). */
export const statusOf = ({ error }: Refusal): number =>
  error === "invalid_client" || error === "invalid_grant" ? 401 : 400

export const notPost = (shape: SimulatorQuirks["errors"]): HttpServerResponse.HttpServerResponse =>
  json(405, problem({ error: "invalid_request", description: "Use POST" }, shape), { allow: "POST" })

/** A JSON response that must not be cached (RFC 6749 §5.1). */
export const json = (
  status: number,
  body: object,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(body, {
    status,
    headers: { "cache-control": "no-store", pragma: "no-cache", ...headers }
  })

const problem = ({ description, error, hint }: Refusal, shape: SimulatorQuirks["errors"] = "snake_case"): object => {
  switch (shape) {
    case "snake_case":
      return { error, error_description: description, hint }
    case "camelCase":
      return { error, errorDescription: description, hint }
    case "object":
      return { error: { code: error, message: description }, hint }
  }
}
