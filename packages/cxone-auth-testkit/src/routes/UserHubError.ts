/**
 * How UserHub says that something is wrong.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as TokenResponse from "./TokenResponse.js"

/**
 * An answer in the shape that the services of an area host have for errors (facts §4a).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  generator: TokenGenerator,
  statusCode: number,
  message: string,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse =>
  TokenResponse.json(statusCode, { message, statusCode, traceId: generator.opaque(4) }, headers)
