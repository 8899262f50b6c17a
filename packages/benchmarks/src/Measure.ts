/** One of the measures, B1 to B13. */
import type { CommandExecutor, FileSystem, HttpClient, Path } from "@effect/platform"
import type { Effect, Scope } from "effect"
import type { Provider } from "./Provider.js"
import type { Findings } from "./Section.js"

/** What a measure may use. */
type World =
  | CommandExecutor.CommandExecutor
  | FileSystem.FileSystem
  | HttpClient.HttpClient
  | Path.Path
  | Provider
  | Scope.Scope

export interface Measure {
  readonly id: string
  readonly title: string
  /** Whether it is part of the quick run. */
  readonly isQuick: boolean
  /** Measures; when it is to be quick, less often, and without the peers that do not manage tokens. */
  readonly run: (quick: boolean) => Effect.Effect<Findings, unknown, World>
}
