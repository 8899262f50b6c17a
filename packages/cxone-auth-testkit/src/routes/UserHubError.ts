import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as TokenResponse from "./TokenResponse.js"

/** An error response as UserHub writes it (docs/cxone-facts.md). */
export const make = (
  generator: TokenGenerator,
  statusCode: number,
  message: string,
  { headers, hint }: { readonly headers?: { readonly [name: string]: string }; readonly hint?: string | undefined } = {}
): HttpServerResponse.HttpServerResponse =>
  TokenResponse.json(statusCode, { message, statusCode, traceId: generator.opaque(4), hint }, headers)
