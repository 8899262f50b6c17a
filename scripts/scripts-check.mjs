/**
 * What CI does not run, rots. So CONTRIBUTING.md's table and package.json name the same scripts, and `.ci/run` reaches
 * each of them, at least in its short form.
 */
import { readFileSync } from "node:fs"

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

/** What stands for a script that takes too long, or that changes files. */
const shortForms = {
  "api-report": "api-check",
  "errors-page": "errors-check",
  format: "lint",
  "home-links": "home-check",
  mutation: "mutation:quick",
  reference: "reference-check"
}

const { scripts } = JSON.parse(read("package.json"))
const calls = (text) => [...text.matchAll(/\bpnpm (?!--)([\w:-]+)/g)].map(([, name]) => name)

const reached = new Set()
const reach = (name) => {
  if (!reached.has(name) && name in scripts) {
    reached.add(name)
    calls(scripts[name]).forEach(reach)
  }
}
for (const [, name] of read(".ci/run").matchAll(/^\$pnpm ([\w:-]+)/gm)) reach(name)

/** Also one that is a sum of scripts that are each reached, as `verify` is. */
const isReached = (name) => {
  const parts = calls(scripts[name])
  const isSum = scripts[name].split(" && ").length === parts.length
  return reached.has(name) || reached.has(shortForms[name]) || (isSum && parts.every((part) => reached.has(part)))
}

const guide = read("CONTRIBUTING.md")
const table = new Set([...guide.matchAll(/^\| `pnpm ([\w:-]+)/gm)].map(([, name]) => name))
const problems = [
  ...[...table]
    .filter((name) => !(name in scripts))
    .map((name) => `CONTRIBUTING.md names \`pnpm ${name}\`: no such script`),
  ...Object.keys(scripts)
    .filter((name) => !table.has(name))
    .map((name) => `CONTRIBUTING.md's table lacks \`pnpm ${name}\``),
  ...Object.keys(scripts)
    .filter((name) => !isReached(name))
    .map((name) => `.ci/run does not reach \`pnpm ${name}\``)
]
if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}
console.log(`${table.size} scripts: CONTRIBUTING.md names each, and .ci/run reaches it`)
