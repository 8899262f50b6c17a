/**
 * An app that ends. Its parent tells it of a server, and what to do with the store there: see `Closing.test.ts`. It sends
 * back how long the closing took, in milliseconds. Nothing in it listens for errors of a client.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Credentials, CxoneAuth, CxoneEnvironment } from "cxone-auth"
import { Duration, Effect, Exit, Layer, Redacted, Schema, Scope } from "effect"
import { adapters } from "./Adapters.js"

const Order = Schema.Struct({ url: Schema.String, then: Schema.Literal("close", "wait", "leave") })

const name = process.argv[2] === "ioredis" ? "ioredis" : "node-redis"

const endpoint = HttpClient.make((request) =>
  Effect.succeed(
    HttpClientResponse.fromWeb(
      request,
      Response.json({ access_token: "token", token_type: "Bearer", expires_in: 3600 })
    )
  )
)

const layerOf = (url: string) =>
  CxoneAuth.layerShared({
    credentials: Credentials.clientSecret({ clientId: "app", clientSecret: Redacted.make("s3cret") }),
    environment: CxoneEnvironment.region("us")
  }).pipe(Layer.provide(adapters[name].layer({ url })), Layer.provide(Layer.succeed(HttpClient.HttpClient, endpoint)))

/** Resolves at the next message. */
const nextMessage = () => new Promise<unknown>((resolve) => process.once("message", resolve))

const obey = async ({ then, url }: typeof Order.Type) => {
  const scope = Effect.runSync(Scope.make())
  const auth = await Effect.runPromise(Layer.build(layerOf(url)).pipe(Scope.extend(scope)))
  const token = Effect.provide(
    Effect.flatMap(CxoneAuth, (service) => Effect.flatMap(service.accessToken, (held) => service.invalidate(held))),
    auth
  )
  await Effect.runPromise(token)
  if (then === "wait") {
    process.send?.("waiting")
    await nextMessage()
    await Effect.runPromise(token)
  }
  if (then === "leave") {
    process.disconnect()
    return
  }
  const [took] = await Effect.runPromise(Effect.timed(Scope.close(scope, Exit.void)))
  process.send?.({ took: Duration.toMillis(took) })
}

process.send?.("ready")
for (;;) {
  const message = await nextMessage()
  const order = Schema.decodeUnknownSync(Order)(message)
  await obey(order)
  if (order.then === "leave") {
    break
  }
}
