/**
 * Writes `docs/errors.md`: every message that the library can give. With `--check`, compares it with that file. The
 * messages come from the examples in `packages/cxone-auth/test/messages`, which are run on what `pnpm build` made.
 *
 * The page is complete, or this fails and says what to add:
 *
 * - each value of each field of an error has an example, so each reason too
 * - the examples take each branch of the code in `src/errors`
 * - they reach each place in the code that makes an error, refuses a setting, or logs
 * - each text of three words or more in the code is on the page
 *
 * A message that was put together wrongly fails it too: one with two full stops or spaces, empty brackets, or no value.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as Code from "./errors-page/Code.mjs"
import * as Coverage from "./errors-page/Coverage.mjs"
import * as Page from "./errors-page/Page.mjs"

const file = "docs/errors.md"
const root = fileURLToPath(new URL("..", import.meta.url))
const home = join(root, "packages/cxone-auth")
const dist = join(home, "dist")

if (!existsSync(join(dist, "index.js"))) {
  console.error("There is nothing built: run `pnpm build` first.")
  process.exit(1)
}

// Times of day in a message are the same everywhere.
process.env.TZ = "UTC"

// What is loaded before this is not counted.
const ran = await Coverage.start()
const { messages, untried } = await import(pathToFileURL(join(home, "test/messages/run.mjs")).href)
const rangesOf = await ran()

const page = Page.write(messages, (name) => readFileSync(join(dist, `errors/${name}.d.ts`), "utf8"))
const shown = Page.textOf(messages)

/** Texts that no message has: names of metrics, descriptions of settings, and the list of words that may be quoted. */
const isNoMessage = (path) => ["http/Vocabulary.js", "settings/Setting.js", "telemetry/Metrics.js"].includes(path)

const isGarbled = (line) => /(?<!\.)\.\.(?: |$)|\S {2}\S|\(\)|\bundefined\b|,,/.test(line)

const problemsOf = (path) => {
  const url = pathToFileURL(join(dist, path)).href
  const code = Code.read(path, readFileSync(join(dist, path), "utf8"))
  const ranges = rangesOf.get(url) ?? []
  const branches = path.startsWith("errors/") ? Coverage.notRun(ranges).filter(code.isMore) : []
  const places = code.places().filter((place) => !Coverage.hasRun(ranges, place))
  // A branch that no example takes is named once, without its texts.
  const isElsewhere = (place) => !branches.some((branch) => Coverage.contains(branch, place))
  const texts = isNoMessage(path)
    ? []
    : code.texts().filter((place) => !shown.includes(place.text) && isElsewhere(place))
  return [
    ...branches.map((range) => `${code.at(range)}: no example takes this branch`),
    ...places.map((place) => `${code.at(place)}: no example comes here`),
    ...texts.map((place) => `${code.at(place)}: no example shows this text`)
  ]
}

const paths = readdirSync(dist, { recursive: true }).filter((path) => path.endsWith(".js"))
const garbled = shown.split("\n").filter(isGarbled)
const problems = [
  ...untried,
  ...paths.sort().flatMap(problemsOf),
  ...garbled.map((line) => `This message was put together wrongly: ${line}`)
]
if (problems.length > 0) {
  console.error(
    [...problems, "The examples are in packages/cxone-auth/test/messages. After a change run `pnpm errors-page`."].join(
      "\n"
    )
  )
  process.exit(1)
}

if (!process.argv.includes("--check")) {
  writeFileSync(join(root, file), page)
} else if (!existsSync(join(root, file)) || readFileSync(join(root, file), "utf8") !== page) {
  console.error(`${file} does not have the messages of the code: run \`pnpm errors-page\`, and read the diff.`)
  const diff = ["diff", "--no-index", "--no-ext-diff", "-U0", file, "-"]
  spawnSync("git", diff, { cwd: root, input: page, stdio: ["pipe", "inherit", "inherit"] })
  process.exitCode = 1
}
