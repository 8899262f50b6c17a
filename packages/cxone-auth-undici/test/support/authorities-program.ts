/** Asks each URL of its arguments, trusting the authority in `OWN_CA` beside those of Node. Prints the answers as JSON. */
import { HttpClient } from "@effect/platform"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Effect } from "effect"

const ask = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.get(url), ({ text }) => text))

const layer = UndiciHttpClient.layer({ proxy: "none", tls: { ca: process.env.OWN_CA } })

console.log(JSON.stringify(await Effect.runPromise(Effect.provide(Effect.forEach(process.argv.slice(2), ask), layer))))
