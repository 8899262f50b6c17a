/**
 * What a user gets from npm: packs the packages, checks the tarballs, installs them in an empty folder outside the
 * repository, and there runs `scripts/consumer/main.mjs` and `main.cjs`, and compiles `scripts/consumer/surface.ts`.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { entriesOf, install, installIn, inTempFolder, newest, packages, packIn, root, run } from "./tarballs.mjs"

const bin = (name) => join(root, "node_modules/.bin", name)

/** The compilers that users have. */
const compilers = { "typescript-5": "typescript@~5.9.3", "typescript-7": "typescript@7.0.2" }

/** The settings of an app in a browser, with no type of Node installed, and then of one on Node. */
const settings = { "tsconfig.browser.json": [], "tsconfig.json": ["@types/node@20"] }

/** What the packages in a folder export, and each member that they declare of a value, such as `Fault.delay`. */
const namesIn = (folder) => {
  const indexes = packages.flatMap((name) => entriesOf(name).map((entry) => join(folder, name, `dist/${entry}.d.ts`)))
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

await inTempFolder((temp) => {
  const tarballs = packIn(temp)
  for (const [name, tarball] of Object.entries(tarballs)) {
    const home = join(root, "packages", name)
    run(bin("publint"), ["--strict", tarball], home)
    run(bin("attw"), ["--profile", "esm-only", tarball], home)
    console.log(`${name}: packed; publint and attw find nothing`)
  }

  const aliases = Object.entries(compilers).map(([name, version]) => `${name}@npm:${version}`)
  const app = installIn(temp, "consumer", [...Object.values(tarballs), ...newest(tarballs), ...aliases])
  console.log("npm install: the tarballs and their peers, in an empty folder")

  console.log(run(process.execPath, ["main.mjs"], app).replace(/^/gm, "  "))
  console.log("scripts/consumer/main.mjs: ran there as a user's program")

  run(process.execPath, ["main.cjs"], app)
  console.log("scripts/consumer/main.cjs: ran there, with `require`")

  const used = namesUsedIn(join(app, "surface.ts"))
  const unused = namesIn(join(app, "node_modules"))
    .flat()
    .filter((name) => !used.has(name))
  if (unused.length > 0) throw new Error(`scripts/consumer/surface.ts does not use ${unused.join(", ")}`)
  for (const [file, types] of Object.entries(settings)) {
    if (types.length > 0) install(app, types)
    for (const [compiler, version] of Object.entries(compilers)) {
      run(process.execPath, [join(app, "node_modules", compiler, "bin/tsc"), "--project", file], app)
      console.log(`scripts/consumer/${file}: ${version} compiles surface.ts there, and writes its declarations`)
    }
  }
})
