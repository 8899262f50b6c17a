/**
 * Answers of the token endpoint that say no.
 *
 * @since 0.1.0
 */

import * as ErrorBody from "../cxone/ErrorBody.js"
import { InsufficientScope } from "../errors/ApiError.js"
import { InvalidClient, InvalidTokenResponse } from "../errors/TokenError.js"
import { quote } from "../http/Redaction.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * Tells a refusal by the error code of RFC 6749 §5.2. A 401 with another code or none is one of the credentials as well,
 * since nothing else is authenticated here; any other answer is none that a token endpoint gives. What the server said is quoted without
 * anything that was sent to it (S2).
 *
 * @since 0.1.0
 * @category decoding
 */
export const classify = (
  request: TokenRequest.TokenRequest,
  status: number,
  problem: ErrorBody.ErrorBody
): InvalidClient | InsufficientScope | InvalidTokenResponse => {
  const sent = TokenRequest.secretsOf(request)
  const description = ErrorBody.quoted(problem, sent)
  const answer = { tokenEndpoint: TokenRequest.endpointName(request), status, ...description }
  const credentials = request.credentials._tag

  switch (problem.code) {
    case "invalid_client":
    case "invalid_grant":
    case "unauthorized_client":
    case "unsupported_grant_type":
      return new InvalidClient({ reason: problem.code, credentials, ...answer })
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
    default: {
      const error = problem.code === undefined ? {} : { error: quote(problem.code, sent) }
      return status === 401
        ? new InvalidClient({
            reason: credentials === "AccessKeyOnly" ? "invalid_grant" : "invalid_client",
            isGuess: true,
            credentials,
            ...error,
            ...answer
          })
        : new InvalidTokenResponse({ reason: "unexpected_status", ...error, ...answer })
    }
  }
}
