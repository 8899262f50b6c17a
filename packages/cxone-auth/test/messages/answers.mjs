/**
 * What a program of an example is answered.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

export const json = (body, init) => () => new Response(JSON.stringify(body), init)

export const token = json({ access_token: "a-token", token_type: "Bearer", expires_in: 3600 })

/** A connection that fails with this code. */
export const failure = (code) => () => {
  throw Object.assign(new Error(), { code })
}

/** Reads the request's body, as a server would. */
export const readingBody = (request) => Effect.as(Stream.runDrain(request.body.stream), new Response("{}"))

/** A transport that answers as `answer` says: with a response, or an effect of one; or it throws what the connection fails with. */
const transport = (answer) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.try({ try: () => answer(request), catch: identity }).pipe(
        Effect.flatMap((given) => (Effect.isEffect(given) ? given : Effect.succeed(given))),
        Effect.mapBoth({
          onFailure: (cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause }),
          onSuccess: (given) => (given instanceof Response ? HttpClientResponse.fromWeb(request, given) : given)
        })
      )
    )
  )

/** A transport with these answers, one after the other. The last one is repeated. */
export const answering = (...answers) => {
  let sent = 0
  return transport((request) => answers[Math.min(sent++, answers.length - 1)](request))
}

/** A response whose body a transport fails to read, in a way that it did not foresee. */
export const unreadable = (request) =>
  Object.create(HttpClientResponse.fromWeb(request, new Response("{}")), {
    text: { value: Effect.die(new Error("internal error")) }
  })
