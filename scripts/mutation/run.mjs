/**
 * Runs Stryker, and demands the score of every file. Arguments go to Stryker: `--mutate <file>` for one file.
 * A mutant that no test reaches counts as one that no test noticed.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const least = 90
const root = fileURLToPath(new URL("../..", import.meta.url))
const report = join(root, "reports/mutation.json")
const house = "packages/cxone-auth/src"

rmSync(report, { force: true })
const config = join(root, "scripts/mutation/stryker.config.mjs")
const stryker = join(root, "node_modules/.bin/stryker")
const { status } = spawnSync(stryker, ["run", config, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" })

/** How many of the mutants that compile and run were noticed, and how many there are. */
const count = (mutants) => ({
  noticed: mutants.filter(({ status }) => status === "Killed" || status === "Timeout").length,
  all: mutants.filter(({ status }) => ["Killed", "Timeout", "Survived", "NoCoverage"].includes(status)).length
})
const score = ({ all, noticed }) => (100 * noticed) / all
const row = (name, counts) =>
  console.log(`${name.padEnd(40)}${score(counts).toFixed(1).padStart(6)} % of ${String(counts.all).padStart(4)}`)

const files = Object.entries(JSON.parse(readFileSync(report, "utf8")).files)
  .map(([path, { mutants }]) => ({ path: relative(house, path), mutants, ...count(mutants) }))
  .filter(({ all }) => all > 0)
  .sort((one, other) => (one.path < other.path ? -1 : 1))

if (files.length === 0) {
  console.error("No file was mutated.")
  process.exit(1)
}
for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
  const own = files.filter(({ path }) => dirname(path) === folder)
  console.log()
  row(`${folder}/`, count(own.flatMap(({ mutants }) => mutants)))
  for (const file of own) row(`  ${file.path.slice(folder.length + 1)}`, file)
}

const low = files.filter((file) => score(file) < least)
if (low.length > 0) {
  console.error(`\nBelow ${least} %: ${low.map(({ path }) => path).join(", ")}`)
}
process.exit(status === 0 && low.length === 0 ? 0 : 1)
