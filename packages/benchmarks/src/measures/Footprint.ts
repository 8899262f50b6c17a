/** B10: how large the library is, and how long its import takes. */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { Command, FileSystem, Path } from "@effect/platform"
import { Array, Effect, Schema } from "effect"
import { type BuildOptions, build } from "esbuild"
import ts from "typescript"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import type { Findings } from "../Section.js"
import { number } from "../Table.js"

const limit = 18 * 1_024

const external: BuildOptions = { external: ["effect", "@effect/platform"] }

/** What is CommonJS among the peers asks for Node's modules by `require`. */
const withRequire: BuildOptions = {
  banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` }
}

const everything = `export * from "cxone-auth"`

/** The smallest program that uses it. */
const program = `
  import { FetchHttpClient } from "@effect/platform"
  import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
  import { Effect, Layer, Redacted } from "effect"
  const layer = CxoneHttpClient.layer().pipe(
    Layer.provide(CxoneAuth.layer({
      credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("secret") }),
      environment: CxoneEnvironment.region("eu")
    })),
    Layer.provide(FetchHttpClient.layer)
  )
  export const call = () => Effect.runPromise(Effect.provide(Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/x")), layer))
`

/** The same call without a token. */
const withoutAuth = `
  import { FetchHttpClient, HttpClient } from "@effect/platform"
  import { Effect } from "effect"
  export const call = () => Effect.runPromise(Effect.provide(HttpClient.get("https://cxone.test/x"), FetchHttpClient.layer))
`

const platform = "the same call without auth, by `effect` and `@effect/platform`"

const ofPeers = [
  ["google-auth-library", `export { OAuth2Client } from "google-auth-library"`],
  [
    "@azure/core-rest-pipeline",
    `export { bearerTokenAuthenticationPolicy, createDefaultHttpClient, createEmptyPipeline, createPipelineRequest } from "@azure/core-rest-pipeline"`
  ],
  ["@badgateway/oauth2-client", `export { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"`],
  ["simple-oauth2", `export { ClientCredentials } from "simple-oauth2"`],
  ["openid-client", `export { Configuration, clientCredentialsGrant, fetchProtectedResource } from "openid-client"`]
] as const

const bundle = (contents: string, options: BuildOptions = {}) =>
  Effect.map(
    Effect.promise(() =>
      build({
        stdin: { contents, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
        bundle: true,
        minify: true,
        format: "esm",
        platform: "node",
        target: "node20",
        write: false,
        logLevel: "error",
        ...options
      })
    ),
    ({ outputFiles }) => outputFiles?.[0]?.contents ?? new Uint8Array()
  )

const gzipped = (code: Uint8Array): number => gzipSync(code, { level: 9 }).length

/** Milliseconds until it is imported, in a process of its own; the median of eleven. */
const importMillis = (code: Uint8Array) =>
  Effect.scoped(
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const file = (yield* Path.Path).join(folder, "bundle.mjs")
      yield* files.writeFile(file, code)
      const timing = `const at = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - at)`
      const once = Effect.flatMap(
        Command.string(Command.make(process.execPath, "--input-type=module", "--eval", timing)),
        Schema.decode(Schema.NumberFromString)
      )
      return Percentiles.of(yield* Effect.all(Array.replicate(once, 11))).p50
    })
  )

const run = Effect.gen(function* () {
  const core = yield* bundle(everything, external)
  const coreOfProgram = yield* bundle(program, external)
  const whole = yield* bundle(program)
  const withoutUs = yield* bundle(withoutAuth)
  const peers = yield* Effect.forEach(ofPeers, ([name, contents]) =>
    Effect.map(bundle(contents, withRequire), (code) => [name, code] as const)
  )
  const sizes = Object.fromEntries(peers.map(([name, code]) => [name, gzipped(code) / 1_024]))
  const times = yield* Effect.forEach(peers, ([name, code]) =>
    Effect.map(importMillis(code), (millis) => [name, millis] as const)
  )
  const alone = gzipped(core)
  return {
    method:
      "Bundled by esbuild, minified, gzip -9. The first column is the size of a program that makes one call, with " +
      "everything that it uses from its dependencies. For a peer, it is the size of the exports that these benchmarks " +
      "import. The import of that bundle is timed in a new process; the figure is the median of eleven.",
    figures: [
      {
        name: "with everything, tree-shaken",
        unit: "KiB",
        better: "less",
        digits: 1,
        ours: gzipped(whole) / 1_024,
        peers: sizes,
        controls: { [platform]: gzipped(withoutUs) / 1_024 }
      },
      {
        name: "import",
        unit: "ms",
        better: "less",
        digits: 1,
        ours: yield* importMillis(whole),
        peers: Object.fromEntries(times),
        controls: { [platform]: yield* importMillis(withoutUs) }
      },
      {
        name: "without `effect` and `@effect/platform`, all exports",
        unit: "KiB",
        better: "less",
        digits: 1,
        ours: alone / 1_024,
        peers: {}
      },
      {
        name: "without `effect` and `@effect/platform`, only what the program of the first column uses",
        unit: "KiB",
        better: "less",
        digits: 1,
        ours: gzipped(coreOfProgram) / 1_024,
        peers: {}
      }
    ],
    verdicts: [
      {
        goal: "what a program with a client's pair uses ≤ 18 KiB without `effect` and `@effect/platform`",
        found: `${number(gzipped(coreOfProgram) / 1_024, 1)} KiB`,
        isMet: gzipped(coreOfProgram) <= limit,
        reason: sizeReason(core, whole)
      }
    ]
  } satisfies Findings
})

const isText = (node: ts.Node): node is ts.StringLiteralLike | ts.TemplateLiteralLikeNode =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)

/** The code without its sentences; a text of a single word may be a name. */
const withoutSentences = (code: string): string => {
  const source = ts.createSourceFile("bundle.js", code, ts.ScriptTarget.ES2022)
  const sentences: Array<ts.TextRange> = []
  const collect = (node: ts.Node): void => {
    if (isText(node) && / \w+ /.test(node.text)) {
      const opensHole = ts.isTemplateHead(node) || ts.isTemplateMiddle(node)
      sentences.push({ pos: node.getStart(source) + 1, end: node.end - (opensHole ? 2 : 1) })
    }
    ts.forEachChild(node, collect)
  }
  collect(source)
  const starts = [0, ...sentences.map(({ end }) => end)]
  return starts.map((start, index) => code.slice(start, sentences[index]?.pos)).join("")
}

const sizeReason = (core: Uint8Array, whole: Uint8Array): string => {
  const code = withoutSentences(new TextDecoder().decode(core))
  const wordless = gzipped(new TextEncoder().encode(code))
  return (
    `Without the texts of its error messages it would still be ${number(wordless / 1_024, 1)} KiB. These texts stay, ` +
    "because they help a person to find a wrong setting. Layers are statics of one class, so a bundler can't leave any " +
    "out. Functions beside the class would change little. In separate trials, when it was 51.4 KiB, a program without the " +
    "settings saved 2.8 KiB, one without discovery 2.5, without the waiting line 1.4, without the layer for tests 0.5. The " +
    "list of words that a server's text may be quoted with takes 5.3 KiB; it keeps secrets out of the log. So the " +
    "statics stay, and CI lets the library grow no further (`pnpm size-check`). In a program's bundle, `effect` and " +
    "`@effect/platform` take " +
    `${number(gzipped(whole) / gzipped(core) - 1, 1)} times as much space as this library.`
  )
}

export const footprint: Measure = {
  id: "B10",
  title: "Import time and size",
  isQuick: false,
  run: () => run
}
