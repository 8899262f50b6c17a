/** What the API answers to a call that has arrived as it should. */
import { HttpClientResponse } from "@effect/platform"
import { Data, Effect, Schema } from "effect"

export const Answer = Schema.Struct({
  /** Whose API base URL the call went to. */
  place: Schema.String,
  /** Whose token it carried. */
  tenant: Schema.String,
  tokenLength: Schema.Number
})

export type Answer = typeof Answer.Type

/** A call that did not arrive at its own tenant with its own token. */
export class WrongAnswer extends Data.TaggedError("WrongAnswer")<{ readonly message: string }> {}

/** The path of a call, below the API base URL; the server compares it with place and token. */
export const pathFor = (name: string): string => `users/${name}`

/** Fails unless it is the answer to this tenant. */
export const check = (name: string, response: HttpClientResponse.HttpClientResponse) =>
  Effect.gen(function* () {
    if (response.status !== 200) {
      return yield* new WrongAnswer({ message: `${name}: ${response.status} ${yield* response.text}` })
    }
    const answer = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
    return answer.tenant === name && answer.place === name
      ? answer
      : yield* new WrongAnswer({ message: `${name}: answered for ${answer.tenant} at ${answer.place}` })
  })
