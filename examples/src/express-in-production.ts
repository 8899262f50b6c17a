/** An Express app in production, with /ready, /health and /metrics. */
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { CxoneAuth } from "cxone-auth"
import { Clock, Duration, Effect, Exit } from "effect"
import express, { type ErrorRequestHandler } from "express"
import { cxone, exporter } from "./cxone-in-production.js"
import { answerFor, signalOf } from "./make-cxone.js"

const app = express()

let isStopping = false

/** For a readiness probe. It asks for a token as a call does, so it recovers when CXone does. */
app.get("/ready", async (_, response) => {
  if (isStopping) {
    response.sendStatus(503)
    return
  }
  const token = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
  const exit = await cxone.runtime.runPromiseExit(Effect.timeout(token, "2 seconds"))
  response.sendStatus(Exit.isSuccess(exit) ? 200 : 503)
})

/** For an alert: no new token came, and the last try failed within five minutes. The token before may still serve. Sends nothing. */
app.get("/health", async (_, response) => {
  const status = Effect.flatMap(CxoneAuth, ({ status }) => status)
  const [tokens, now] = await cxone.runtime.runPromise(Effect.all([status, Clock.currentTimeMillis]))
  const isFailing = tokens.some(
    ({ failingSince, lastFailure }) =>
      failingSince !== undefined && lastFailure !== undefined && now - lastFailure.at < Duration.toMillis("5 minutes")
  )
  response.status(isFailing ? 503 : 200).json({ tokens })
})

app.get("/metrics", (request, response) => exporter.getMetricsRequestHandler(request, response))

app.get("/server-time", async (_, response) => {
  response.json(await cxone.getJson("/incontactAPI/services/v33.0/server-time", signalOf(response)))
})

const explain: ErrorRequestHandler = (error, _request, response, _next) => {
  const { body, headers, status } = answerFor(error)
  response.status(status).set(headers).json(body)
}
app.use(explain)

// A layer that can't be built is one line in the log, too.
await cxone.start().catch((error: unknown) => {
  console.error(JSON.stringify({ logLevel: "FATAL", message: `CXone: ${String(error)}` }))
  process.exit(1)
})
const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, "listening")
console.log(JSON.stringify({ message: "listening on", address: server.address() }))

// First no new requests come, then those under way end, then the token goes.
process.once("SIGTERM", async () => {
  isStopping = true
  await setTimeout(Number(process.env.DRAIN_MS ?? 5_000))
  await once(server.close(), "close")
  await cxone.stop()
})
