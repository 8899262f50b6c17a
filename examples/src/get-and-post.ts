/** A GET, and a POST with a JSON body. A schema checks each answer. */
import {
  FetchHttpClient,
  HttpBody,
  HttpClient,
  HttpClientResponse,
  HttpRouter,
  HttpServerResponse
} from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Console, Effect, Layer, Schema } from "effect"

const ServerTime = Schema.Struct({ ServerTime: Schema.String })
const Tag = Schema.Struct({ tagId: Schema.Number })

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)

  const answer = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const time = yield* HttpClientResponse.schemaBodyJson(ServerTime)(answer)
  yield* Console.log(`It is ${time.ServerTime}`)

  const created = yield* cxone.post("/incontactAPI/services/v33.0/tags", {
    body: yield* HttpBody.json({ tagName: "vip", notes: "calls back" })
  })
  const { tagId } = yield* HttpClientResponse.schemaBodyJson(Tag)(created)
  yield* Console.log(`The new tag is ${tagId}`)
})

// The simulator has no tags of its own, so this is their stand-in.
const api = HttpRouter.empty.pipe(
  HttpRouter.post("/incontactAPI/services/v33.0/tags", HttpServerResponse.json({ tagId: 7 }))
)
const AtCxone = CxoneAuth.layerFromEnv()
const AtSimulator = Layer.provide(CxoneSimulator.layerAuth({ way: "accessKey" }), CxoneSimulator.layerServer({ api }))
const AuthLayer = process.argv[2] === "cxone" ? AtCxone : AtSimulator

const CxoneLayer = CxoneHttpClient.layer().pipe(Layer.provide(AuthLayer), Layer.provide(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(program, CxoneLayer))
