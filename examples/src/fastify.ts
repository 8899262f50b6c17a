/** A Fastify app that calls CXone. */
import Fastify from "fastify"
import { cxone } from "./cxone.js"
import { answerFor, signalOf } from "./make-cxone.js"

// Fastify's default is 72 s. A connection that was in use when the app began to close may keep it open for so long.
const app = Fastify({ keepAliveTimeout: 5000 })

app.get("/server-time", (_, reply) => cxone.getJson("/incontactAPI/services/v33.0/server-time", signalOf(reply.raw)))

app.setErrorHandler((error, _, reply) => {
  const { body, headers, status } = answerFor(error)
  return reply.status(status).headers(headers).send(body)
})
app.addHook("onReady", async () => {
  await cxone.start()
})
app.addHook("onClose", () => cxone.stop())

console.log("listening on", await app.listen({ port: Number(process.env.PORT ?? 3000) }))
process.once("SIGTERM", async () => {
  await app.close()
  console.log("stopped")
})
