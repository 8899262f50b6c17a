/**
 * How UserHub says that something is wrong.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as TokenAnswer from "./TokenAnswer.js"
import type { TokenWriter } from "./TokenWriter.js"

/**
 * An answer in the shape that the services of an area host have for errors (facts §4a).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  writer: TokenWriter,
  statusCode: number,
  message: string,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse =>
  TokenAnswer.json(statusCode, { message, statusCode, traceId: writer.opaque(4) }, headers)
