/** A part of an app. It doesn't know where its token comes from. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { CxoneHttpClient } from "cxone-auth"
import { Effect, Schema } from "effect"

const Contacts = Schema.Struct({ contacts: Schema.Array(Schema.Struct({ contactId: Schema.Number })) })

/** How many contacts are active; undefined if CXone is too busy to say. */
export const activeContacts = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/contacts/active")
  const { contacts } = yield* HttpClientResponse.schemaBodyJson(Contacts)(response)
  return contacts.length
}).pipe(Effect.catchTag("RateLimited", () => Effect.succeed(undefined)))
