/**
 * The API documentation of every published package: `@effect/docgen` demands a description and a version of each
 * export and writes packages/<name>/docs; then every `ts` block of every doc comment is compiled.
 *
 * docgen itself compiles no example of a class or of a static member, and runs the ones that it does compile.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const bin = (name) => join(root, "node_modules/.bin", name)

const run = (command, args, cwd) => {
  const { status } = spawnSync(bin(command), args, { cwd, stdio: "inherit" })
  if (status !== 0) process.exit(1)
}

/** The `ts` blocks of a source's doc comments, each with the line that it starts on. */
const blocksOf = (source) => {
  const blocks = []
  let block
  source.split("\n").forEach((line, index) => {
    const comment = /^\s*\* ?(.*)$/.exec(line)?.[1]
    if (block === undefined) {
      if (comment?.trim() === "```ts") block = { line: index + 2, lines: [] }
    } else if (comment === undefined || comment.trim() === "```") {
      blocks.push({ line: block.line, text: `${block.lines.join("\n")}\n` })
      block = undefined
    } else {
      block.lines.push(comment)
    }
  })
  return blocks
}

for (const name of ["cxone-auth", "cxone-auth-testkit"]) {
  const home = join(root, "packages", name)
  const docs = join(home, "docs")
  rmSync(docs, { recursive: true, force: true })

  // docgen insists on a `homepage` in the package.json beside the sources, and drops its first two arguments.
  const desk = join(docs, "desk")
  mkdirSync(desk, { recursive: true })
  const documented = (file) => basename(file) !== "index.ts"
  cpSync(join(home, "src"), join(desk, "src"), { recursive: true, filter: documented })
  writeFileSync(join(desk, "package.json"), JSON.stringify({ name, homepage: "" }))
  run("docgen", ["", "", "--no-run-examples", "--enforce-descriptions"], desk)
  cpSync(join(desk, "docs/modules"), join(docs, "modules"), { recursive: true })
  rmSync(desk, { recursive: true })

  const examples = join(docs, "examples")
  mkdirSync(examples)
  let count = 0
  for (const file of readdirSync(join(home, "src"), { recursive: true }).filter((file) => file.endsWith(".ts"))) {
    for (const { line, text } of blocksOf(readFileSync(join(home, "src", file), "utf8"))) {
      writeFileSync(join(examples, `${basename(file, ".ts")}.line${line}.ts`), text)
      count++
    }
  }
  if (count > 0) {
    const tsconfig = {
      extends: "../../../../tsconfig.base.json",
      compilerOptions: { composite: false, declarationMap: false, noEmit: true, noUnusedLocals: false }
    }
    writeFileSync(join(examples, "tsconfig.json"), JSON.stringify(tsconfig))
    run("tsc", ["--project", "docs/examples"], home)
  }
  console.log(`${name}: ${count} examples compiled\n`)
}
