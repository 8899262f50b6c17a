/**
 * Answers of the token endpoint that say no.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { InsufficientScope } from "./ApiError.js"
import { quote } from "./Quote.js"
import { InvalidClient, InvalidTokenResponse } from "./TokenError.js"
import * as TokenRequest from "./TokenRequest.js"

const decodeOAuthError = Schema.decodeOption(
  Schema.parseJson(
    Schema.Struct({
      error: Schema.String,
      error_description: Schema.optionalWith(Schema.String, { default: () => "", nullable: true })
    })
  )
)

/**
 * Tells a refusal by the error code of RFC 6749 §5.2. A 401 without a code is one of the client, since nothing else is
 * authenticated here; any other answer is none that a token endpoint gives. What the server said is quoted without
 * anything that was sent to it (S2).
 *
 * @since 0.1.0
 * @category decoding
 */
export const classify = (
  request: TokenRequest.TokenRequest,
  status: number,
  body: string
): InvalidClient | InsufficientScope | InvalidTokenResponse => {
  const quoted = (text: string) => quote(text, TokenRequest.secretsOf(request))
  const { error: code, error_description: text } = Option.getOrElse(decodeOAuthError(body), () => ({
    error: undefined,
    error_description: body
  }))
  const description = text.trim() === "" ? {} : { description: quoted(text) }
  const answer = { tokenEndpoint: TokenRequest.endpointName(request), status, ...description }

  switch (code) {
    case "invalid_client":
    case "invalid_grant":
    case "unauthorized_client":
    case "unsupported_grant_type":
      return new InvalidClient({ reason: code, ...answer })
    case "invalid_scope":
    case "insufficient_scope":
      return new InsufficientScope({
        reason: "invalid_scope",
        origin: request.tokenEndpoint.origin,
        requested: request.scopes,
        granted: [],
        required: [],
        ...description
      })
    case undefined:
      return status === 401
        ? new InvalidClient({ reason: "invalid_client", ...answer })
        : new InvalidTokenResponse({ reason: "unexpected_status", ...answer })
    default:
      return new InvalidTokenResponse({ reason: "unexpected_status", error: quoted(code), ...answer })
  }
}
