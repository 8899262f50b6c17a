/**
 * No regular expression of a package may take more than linear time, whatever a server sends (C9). Each one in
 * `packages/<name>/src` is found by TypeScript's parser, and judged by recheck. One that is put together at run time cannot
 * be judged, so it is a problem, too.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

// This backend is JavaScript: it is the same on every machine, and starts no process.
process.env.RECHECK_BACKEND = "pure"
const { checkSync } = await import("recheck")

const folders = readdirSync("packages").map((name) => join("packages", name, "src"))
const files = folders
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path)))
  .filter((path) => path.endsWith(".ts"))

const isConstructor = (node) =>
  (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
  /^(?:globalThis\.)?RegExp$/.test(node.expression.getText()) &&
  node.arguments?.length > 0

/** What is wrong with a regular expression, if anything. */
const objectionTo = (literal) => {
  const end = literal.lastIndexOf("/")
  const { complexity, status } = checkSync(literal.slice(1, end), literal.slice(end + 1))
  if (status === "safe") return undefined
  return status === "vulnerable" ? `takes ${complexity.summary} time` : "could not be judged"
}

const problems = []
const judged = new Map()
const judge = (literal) => {
  if (!judged.has(literal)) judged.set(literal, objectionTo(literal))
  return judged.get(literal)
}

// A tool that finds nothing here would find nothing anywhere.
if (judge("/^(a|a)*$/") === undefined || judge("/a*b/") === undefined) {
  problems.push("recheck takes /^(a|a)*$/ or /a*b/ for safe, so its judgements prove nothing")
}

for (const path of files) {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ESNext, true)
  const visit = (node) => {
    const problem = ts.isRegularExpressionLiteral(node)
      ? judge(node.text)
      : isConstructor(node)
        ? "is put together at run time, and cannot be judged"
        : undefined
    if (problem !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      problems.push(`${path}:${line}: ${node.getText()} ${problem}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
}

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}
console.log(`${judged.size} regular expressions, each takes linear time at the most`)
