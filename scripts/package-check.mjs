/**
 * What a user gets from npm: packs both packages, checks the tarballs, installs them in an empty folder outside the
 * repository, and there runs `scripts/consumer/main.mjs` and compiles `scripts/consumer/surface.ts`.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))
const bin = (name) => join(root, "node_modules/.bin", name)
const packages = ["cxone-auth", "cxone-auth-testkit"]
const peers = ["effect@^3.22.4", "@effect/platform@^0.97.2"]

/** The compilers that users have. One of the settings is for an app on Node, the other for one in a browser. */
const compilers = { "typescript-5": "typescript@~5.9.3", "typescript-7": "typescript@7.0.2" }
const tools = ["@types/node@20", ...Object.entries(compilers).map(([name, version]) => `${name}@npm:${version}`)]
const settings = ["tsconfig.json", "tsconfig.browser.json"]

/** Runs a command, and returns what it printed. When it fails, prints that and fails too. */
const run = (command, args, cwd) => {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed\n${error ?? ""}${stdout}${stderr}`)
  return stdout.trim()
}

/** What the packages in a folder export, and each member that they declare of a value, such as `Fault.delay`. */
const namesIn = (folder) => {
  const indexes = packages.map((name) => join(folder, name, "dist/index.d.ts"))
  const program = ts.createProgram(indexes, { module: ts.ModuleKind.NodeNext, types: [] })
  const checker = program.getTypeChecker()
  const isOwn = ({ valueDeclaration: node }) =>
    packages.some((name) => node?.getSourceFile().fileName.startsWith(join(folder, name, "dist/"))) &&
    (ts.isClassDeclaration(node.parent) || ts.isTypeLiteralNode(node.parent))
  const namesOf = (symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const members = target.valueDeclaration ? checker.getTypeOfSymbol(target).getProperties().filter(isOwn) : []
    return [symbol.name, ...members.map((member) => `${symbol.name}.${member.name}`)]
  }
  return indexes.map((index) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index))).flatMap(namesOf)
  )
}

/** What a source imports, and each member that it reads. */
const namesUsedIn = (file) => {
  const used = new Set()
  const visit = (node) => {
    if (ts.isImportSpecifier(node) || ts.isPropertyAccessExpression(node)) used.add(node.getText().replace("type ", ""))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true))
  return used
}

const temp = mkdtempSync(join(tmpdir(), "cxone-auth-"))
try {
  const tarballs = packages.map((name) => {
    const home = join(root, "packages", name)
    const folder = join(temp, name)
    mkdirSync(folder)
    run("pnpm", ["pack", "--pack-destination", folder], home)
    const tarball = join(folder, readdirSync(folder)[0])
    run(bin("publint"), ["--strict", tarball], home)
    run(bin("attw"), ["--profile", "esm-only", tarball], home)
    console.log(`${name}: packed; publint and attw find nothing`)
    return tarball
  })

  const app = join(temp, "app")
  cpSync(join(root, "scripts/consumer"), app, { recursive: true })
  run("npm", ["install", "--no-audit", "--no-fund", ...tarballs, ...peers, ...tools], app)
  console.log("npm install: both tarballs and their peers, in an empty folder")

  console.log(run(process.execPath, ["main.mjs"], app).replace(/^/gm, "  "))
  console.log("scripts/consumer/main.mjs: ran there as a user's program")

  const used = namesUsedIn(join(app, "surface.ts"))
  const unused = namesIn(join(app, "node_modules"))
    .flat()
    .filter((name) => !used.has(name))
  if (unused.length > 0) throw new Error(`scripts/consumer/surface.ts does not use ${unused.join(", ")}`)
  for (const [compiler, version] of Object.entries(compilers)) {
    const tsc = join(app, "node_modules", compiler, "bin/tsc")
    for (const file of settings) run(process.execPath, [tsc, "--project", file], app)
    console.log(`scripts/consumer/surface.ts: ${version} compiles it there, and writes its declarations`)
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(temp, { recursive: true, force: true })
}
