/** An Express app that calls CXone. */
import { once } from "node:events"
import express, { type ErrorRequestHandler } from "express"
import { cxone } from "./cxone.js"
import { answerFor, signalOf } from "./make-cxone.js"

const app = express()

app.get("/server-time", async (_, response) => {
  response.json(await cxone.getJson("/incontactAPI/services/v33.0/server-time", signalOf(response)))
})

// Express 5 brings the rejections of all handlers here. It knows this handler by its four parameters.
const explain: ErrorRequestHandler = (error, _request, response, _next) => {
  const { body, headers, status } = answerFor(error)
  response.status(status).set(headers).json(body)
}
app.use(explain)

await cxone.start()
const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, "listening")
console.log("listening on", server.address())

process.once("SIGTERM", async () => {
  // First no new requests, then the end of those under way, then CXone.
  await once(server.close(), "close")
  await cxone.stop()
  console.log("stopped")
})
