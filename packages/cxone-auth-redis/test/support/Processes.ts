/** What a process of a fleet has of this library, in the process of the test. */
import { FetchHttpClient } from "@effect/platform"
import { type AccessToken, CxoneAuth, type CxoneAuthOptions, type CxoneAuthService, type TokenStore } from "cxone-auth"
import type { SimulatedAccount } from "cxone-auth-testkit"
import { Effect, Fiber, Layer, Logger, LogLevel, ManagedRuntime, Redacted, type Scope } from "effect"
import { eventually } from "./RedisServer.js"

export interface Process {
  /** Every warning so far. */
  readonly warnings: () => ReadonlyArray<string>
  /** Every line of the log so far, of all levels, with its annotations. */
  readonly log: () => ReadonlyArray<string>
  readonly run: <A, E>(use: (auth: CxoneAuthService) => Effect.Effect<A, E>) => Effect.Effect<A, E>
}

const textOf = (message: unknown): string => [message].flat().map(String).join(" ")

/** Starts one. It ends with the scope. */
export const start = (
  { credentials, environment }: SimulatedAccount,
  store: Layer.Layer<TokenStore, unknown>,
  scopes: CxoneAuthOptions["scopes"] = "read:users"
): Effect.Effect<Process, never, Scope.Scope> =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const log: Array<string> = []
    const logger = Logger.make((line) => {
      const { logLevel, message } = line
      log.push(Logger.stringLogger.log(line))
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) {
        warnings.push(textOf(message))
      }
    })
    const layer = CxoneAuth.layerShared({ credentials, environment, scopes }).pipe(
      Layer.provide(store),
      Layer.provide(FetchHttpClient.layer),
      Layer.provideMerge(Logger.replace(Logger.defaultLogger, logger)),
      Layer.provideMerge(Logger.minimumLogLevel(LogLevel.All))
    )
    const runtime = yield* Effect.acquireRelease(
      Effect.sync(() => ManagedRuntime.make(layer)),
      (made) => made.disposeEffect
    )
    const context = yield* Effect.orDie(runtime.runtimeEffect)
    return {
      warnings: () => warnings,
      log: () => log,
      run: (use) => Effect.provide(Effect.flatMap(CxoneAuth, use), context)
    }
  })

/** A token in the place of this one, which the process takes for refused. */
const replace = (auth: CxoneAuthService, token: AccessToken) =>
  Effect.zipRight(auth.invalidate(token), auth.accessToken)

/** A new token, which is the store's matter. */
export const renew = ({ run }: Process) =>
  run((auth) => Effect.flatMap(auth.accessToken, (token) => replace(auth, token)))

/** Whether one of two processes takes the token of the other. */
export const share = (one: Process, two: Process) =>
  Effect.gen(function* () {
    const before = yield* two.run((auth) => auth.accessToken)
    const ofOne = yield* renew(one)
    if (Redacted.value(ofOne.value) === Redacted.value(before.value)) {
      return true
    }
    const ofTwo = yield* two.run((auth) => replace(auth, before))
    return Redacted.value(ofOne.value) === Redacted.value(ofTwo.value)
  })

/** Needs new tokens without a pause, while something happens. Gives how many calls have failed. */
export const underLoad = <E, R>(processes: ReadonlyArray<Process>, happens: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const failures: Array<unknown> = []
    const load = yield* Effect.fork(
      Effect.forEach(
        processes,
        (process) =>
          renew(process).pipe(
            Effect.catchAllCause((cause) => Effect.sync(() => failures.push(cause))),
            Effect.delay("100 millis"),
            Effect.forever
          ),
        { concurrency: "unbounded" }
      )
    )
    yield* happens
    yield* Fiber.interrupt(load)
    return failures
  })

type Kind = "went" | "cameBack" | "else"

/** What each warning says of the store. */
export const kindsOf = ({ warnings }: Process): ReadonlyArray<Kind> =>
  warnings().map((line) => {
    if (line.startsWith("The token store failed")) {
      return "went"
    }
    return line.startsWith("The token store answers again") ? "cameBack" : "else"
  })

/** The warnings as they must be: one when the store goes, and one when it is back. A slow machine may miss the budget, too. */
export const inTurns = ({ warnings }: Process): ReadonlyArray<Kind> =>
  warnings().map((_, index) => (index % 2 === 0 ? "went" : "cameBack"))

/** Waits until each process has said that the store went, or that it is back. */
export const awaitWarnings = (processes: ReadonlyArray<Process>, kind: Kind) =>
  eventually(Effect.sync(() => processes.every((process) => kindsOf(process).includes(kind))))
