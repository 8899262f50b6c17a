import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as IncomingRequest from "../http/IncomingRequest.js"

/** Why a token request is refused: an error code of RFC 6749 §5.2, and its description. */
export interface Refusal {
  readonly error:
    | "invalid_request"
    | "invalid_client"
    | "invalid_grant"
    | "unauthorized_client"
    | "unsupported_grant_type"
    | "invalid_scope"
  readonly description: string
  /** What to do, in words that CXone doesn't send: the answer has it in the field `hint`, beside those of CXone. */
  readonly hint?: string
}

export const refuse = (
  error: Refusal["error"],
  description: string,
  more: Pick<Refusal, "hint"> = {}
): Either.Either<never, Refusal> => Either.left({ error, description, ...more })

/**
 * The text with which CXone refuses a JSON body at `/auth/token` (docs/cxone-facts.md). The simulator also gives it for
 * a form without a required parameter.
 */
export const missingParameters = "Missing required body parameters"

/** Tells which media type the body must have, if it has another. */
export const mediaTypeHint = (incoming: IncomingRequest.IncomingRequest, expected: string): Pick<Refusal, "hint"> => {
  const actual = IncomingRequest.mediaTypeOf(incoming)
  return actual === expected
    ? {}
    : { hint: `The body must be ${expected}, ${actual === "" ? "but Content-Type is missing" : `not ${actual}`}` }
}

/** The owner of an access key. A key without an owner is refused. */
export const ownerOfKey = <A>(owner: Option.Option<A>): Either.Either<A, Refusal> =>
  Option.match(owner, {
    onNone: () => refuse("invalid_grant", "The access key is unknown or inactive, or its secret is wrong"),
    onSome: Either.right
  })
