/**
 * The README quotes programs that are compiled and run: a `ts` block right after `<!-- path -->` must be that file,
 * to the letter. And it stays short enough to be read.
 */
import { existsSync, readFileSync } from "node:fs"

const maxLines = 150
const root = new URL("../", import.meta.url)
const read = (path) => readFileSync(new URL(path, root), "utf8")

const problems = []
const readme = existsSync(new URL("README.md", root)) ? read("README.md") : ""

const lines = readme.trimEnd().split("\n").length
if (lines > maxLines) problems.push(`README.md has ${lines} lines; at most ${maxLines} are allowed.`)

const quotes = [...readme.matchAll(/^<!-- (\S+) -->\n+```ts\n(.*?)^```$/gms)]
if (quotes.length === 0) problems.push("README.md quotes no program: no ```ts block follows a `<!-- path -->` comment.")

for (const [, path, block] of quotes) {
  if (!existsSync(new URL(path, root))) {
    problems.push(`README.md quotes ${path}, which does not exist.`)
    continue
  }
  const quoted = block.trimEnd().split("\n")
  const source = read(path).trimEnd().split("\n")
  const at = source.findIndex((line, i) => line !== quoted[i])
  if (at !== -1 || quoted.length !== source.length) {
    const i = at === -1 ? source.length : at
    problems.push(
      `README.md and ${path} differ from line ${i + 1} of the program on:\n` +
        `  README: ${quoted[i] ?? "(end)"}\n  file:   ${source[i] ?? "(end)"}\nCopy the file into the block.`
    )
  }
}

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}
console.log(`README.md: ${lines} lines, ${quotes.length} program(s) the same as their file`)
