/**
 * Each README, and each guide named here, quotes programs that are compiled and run: a `ts` block right after
 * `<!-- path -->` must be that file, to the letter. And it stays short enough to be read. So does AGENTS.md, whose blocks
 * `scripts/api-check.mjs` compiles.
 */
import { existsSync, readFileSync } from "node:fs"

const maxLines = {
  "README.md": 150,
  "packages/cxone-auth/AGENTS.md": 60,
  "packages/cxone-auth-testkit/README.md": 300,
  "packages/cxone-auth-undici/README.md": 80,
  "packages/cxone-auth-redis/README.md": 110,
  "docs/calls.md": 170,
  "docs/fleet.md": 140,
  "docs/from-promises.md": 460,
  "docs/getting-started.md": 250,
  "docs/logs-and-traces.md": 110,
  "docs/many-tenants.md": 260,
  "docs/proxies-and-certificates.md": 180,
  "docs/running-it.md": 200,
  "docs/secrets.md": 110,
  "docs/testing.md": 250
}
/** The page that everybody reads first: what it may have of words, and of characters in a line that is no row of a table. */
const [mostWords, mostCharacters] = [1300, 400]

const quotesNothing = new Set(["packages/cxone-auth/AGENTS.md"])
const root = new URL("../", import.meta.url)
const read = (path) => (existsSync(new URL(path, root)) ? readFileSync(new URL(path, root), "utf8") : undefined)

const problems = []

for (const [name, most] of Object.entries(maxLines)) {
  const readme = read(name) ?? ""
  const lines = readme.trimEnd().split("\n").length
  if (lines > most) problems.push(`${name} has ${lines} lines; at most ${most} are allowed.`)

  if (name === "README.md") {
    const words = readme.split(/\s+/).length
    if (words > mostWords) problems.push(`${name} has ${words} words; at most ${mostWords} are allowed.`)
    const long = readme.split("\n").filter((line) => line.length > mostCharacters && !line.startsWith("|"))
    problems.push(...long.map((line) => `${name}: more than ${mostCharacters} characters: ${line.slice(0, 60)}…`))
  }

  const quotes = [...readme.matchAll(/^<!-- (\S+) -->\n+```ts\n(.*?)^```$/gms)]
  const blocks = readme.match(/^```ts$/gm) ?? []
  if (!quotesNothing.has(name) && blocks.length > quotes.length)
    problems.push(`${name} has a \`\`\`ts block without a \`<!-- path -->\` comment before it.`)
  if (quotes.length === 0 && !quotesNothing.has(name))
    problems.push(`${name} quotes no program: no \`\`\`ts block follows a \`<!-- path -->\` comment.`)

  for (const [, path, block] of quotes) {
    const file = read(path)
    if (file === undefined) {
      problems.push(`${name} quotes ${path}, which does not exist.`)
      continue
    }
    const quoted = block.trimEnd().split("\n")
    const source = file.trimEnd().split("\n")
    const at = source.findIndex((line, i) => line !== quoted[i])
    if (at !== -1 || quoted.length !== source.length) {
      const i = at === -1 ? source.length : at
      problems.push(
        `${name} and ${path} differ from line ${i + 1} of the program on:\n` +
          `  README: ${quoted[i] ?? "(end)"}\n  file:   ${source[i] ?? "(end)"}\nCopy the file into the block.`
      )
    }
  }
  if (problems.length === 0) console.log(`${name}: ${lines} lines, ${quotes.length} program(s) the same as their file`)
}

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}
