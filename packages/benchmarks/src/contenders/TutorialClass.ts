/**
 * The Python class of a public tutorial, unchanged, in a process of its own. It needs Debian's `python3-requests`. Without
 * it there are no figures of this class.
 */
import { fileURLToPath } from "node:url"
import { Command } from "@effect/platform"
import { Console, Effect, Option, Schema } from "effect"
import * as Provider from "../Provider.js"

export const name = "a tutorial's class (Python)"

export const usage =
  "the class `CxoneAuthenticator` of a public tutorial, with `requests`. Only its URLs were changed, and its log is " +
  "thrown away. Threads make the concurrent calls. Each measure that includes it runs it once, after all others. Its " +
  "buffer of 30 s is fixed, so with tokens that live for a few seconds it would fetch a token for each call"

const driver = fileURLToPath(new URL("tutorial/driver.py", import.meta.url))

const canImportRequests = (python: string) =>
  Command.exitCode(Command.make(python, "-c", "import requests")).pipe(
    Effect.map((code) => code === 0),
    Effect.orElseSucceed(() => false)
  )

/** A Python that has `requests`. */
const python = Effect.findFirst(["/usr/bin/python3", "python3"], canImportRequests)

/** Says so at once if it can't run. */
export const tellIfMissing = Effect.flatMap(python, (found) =>
  Option.isSome(found)
    ? Effect.void
    : Console.log(`No Python with requests (Debian: apt-get install python3-requests): ${name} is left out.`)
)

/** A figure as that of a peer; nothing if it could not run. */
export const asPeer = <A>(figure: Option.Option<A>): { readonly [name]: A } | Record<never, never> =>
  Option.match(figure, { onNone: () => ({}), onSome: (value) => ({ [name]: value }) })

const run = <A, I>(
  result: Schema.Schema<A, I>,
  options: { readonly run: string; readonly delay?: number; readonly clientSecret?: string },
  ...args: ReadonlyArray<string | number>
) =>
  Effect.gen(function* () {
    const command = yield* python
    if (Option.isNone(command)) {
      return Option.none()
    }
    const { origin } = yield* Provider.Provider
    const clientId = `tutorial-${options.run}`
    yield* Provider.set(clientId, { delay: options.delay ?? 0 })
    const output = yield* Command.string(
      Command.make(
        command.value,
        driver,
        origin.origin,
        clientId,
        options.clientSecret ?? "secret",
        ...args.map(String)
      )
    )
    const measured = yield* Schema.decode(Schema.parseJson(result))(output)
    return Option.some({ measured, counts: yield* Provider.counts(clientId) })
  })

/** Nanoseconds for a look. */
export const cachedToken = (times: number) =>
  Effect.map(
    run(Schema.Number, { run: "cached" }, "cached", times),
    Option.map(({ measured }) => measured)
  )

/** Calls a second. */
export const load = (calls: number, atOnce: number) =>
  Effect.map(
    run(Schema.Number, { run: "load" }, "load", calls, atOnce),
    Option.map(({ measured }) => measured)
  )

/** How long the threads took on a cold cache, how many of them got a token, and how many requests that took. */
export const together = (callers: number, delay: number) =>
  Effect.map(
    run(
      Schema.Struct({ millis: Schema.Number, served: Schema.Number }),
      { run: "together", delay },
      "together",
      callers
    ),
    Option.map(({ counts, measured }) => ({ ...measured, tokenRequests: counts.tokenRequests }))
  )

/** Requests at the token endpoint for so many calls in so many seconds with a wrong secret. */
export const refused = (calls: number, seconds: number) =>
  Effect.map(
    run(Schema.Number, { run: "refused", clientSecret: "wrong" }, "refused", calls, seconds),
    Option.map(({ counts }) => counts.tokenRequests)
  )
