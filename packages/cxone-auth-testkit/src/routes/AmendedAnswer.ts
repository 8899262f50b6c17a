import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Fault } from "../faults/Fault.js"
import { Amendment } from "../tokens/Amendment.js"
import * as TokenResponse from "./TokenResponse.js"

/** A token answer, with a token that was granted as the fault says, and with its fields. */
export const amended = <R>(
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>,
  { fields, lifetime, scopes }: Extract<Fault, { readonly _tag: "TokenAnswer" }>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.map(Effect.provideService(answer, Amendment, { lifetime, scopes }), (response) => {
    if (response.status !== 200 || response.body._tag !== "Uint8Array") {
      return response
    }
    const json: unknown = JSON.parse(new TextDecoder().decode(response.body.body))
    // RFC 6749 §5.1: an answer names the scopes if they are others than were requested. Not every shape of CXone's has
    // them.
    const granted = (given: object) =>
      Option.isSome(scopes) && "access_token" in given ? { scope: scopes.value.join(" ") } : {}
    const withFields = (given: object) => ({ ...given, ...granted(given), ...fields })
    // The quirk `array`.
    return TokenResponse.json(200, Array.isArray(json) ? json.map(withFields) : withFields(Object(json)))
  })
