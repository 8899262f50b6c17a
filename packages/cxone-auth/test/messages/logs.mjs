/**
 * Programs that make the library log, for `docs/errors.md`. Each is run to its end, with a clock that stands at zero
 * until the program waits, and every line is kept. To add a line of the log, add a program in which it is logged.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Credentials, CxoneAuth, CxoneEnvironment } from "../../dist/index.js"
import { answering, failure, json, token } from "./answers.mjs"

const pair = { clientId: "reporting-job", clientSecret: Redacted.make("s3cr3t") }
const credentials = Credentials.clientSecret(pair)
const withKey = Credentials.accessKey({ ...pair, accessKeyId: "QUJD====", accessKeySecret: Redacted.make("REVG====") })

/** Asks for a token once. */
const ask = (layer, ...answers) =>
  Effect.flatMap(CxoneAuth, ({ accessToken }) => Effect.ignore(accessToken)).pipe(
    Effect.provide(layer.pipe(Layer.provide(answering(...answers))))
  )

const gateway = CxoneAuth.layer({ credentials, environment: CxoneEnvironment.region("us"), policy: { maxRetries: 0 } })
const issuer = CxoneAuth.layer({
  credentials: withKey,
  environment: CxoneEnvironment.discover(),
  policy: { maxRetries: 0 }
})

const fromSettings = (settings) =>
  ask(CxoneAuth.layerFromEnv(), token).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))
  )

const settings = { CXONE_CLIENT_ID: "reporting-job", CXONE_CLIENT_SECRET: "s3cr3t" }

export const logs = {
  "a token": ask(gateway, token),
  "a setting with a line break at its end": fromSettings({ ...settings, CXONE_CLIENT_SECRET: "s3cr3t\n" }),
  "scopes with a comma": fromSettings({ ...settings, CXONE_SCOPES: "read:users,write:users" }),
  "the token endpoint is not reached": ask(gateway, failure("ECONNREFUSED")),
  "the credentials are refused": ask(gateway, json({ error: "invalid_client" }, { status: 401 })),
  "the issuer is not reached": ask(issuer, failure("ENOTFOUND"))
}
