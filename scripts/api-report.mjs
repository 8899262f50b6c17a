/**
 * Writes the public surface of the packages to `packages/<name>/api.md`. With `--check`, compares it with that file.
 * The surface is what `pnpm build` made of the modules that apps import: all that they export, and what the types of that refer to,
 * which is printed without `export`. Comments and private members are left out. So are the names of files, because a
 * declaration that moves from one file to another is the same for a user.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import ts from "typescript"
import { entriesOf, packages, root } from "./tarballs.mjs"

const distOf = (name) => join(root, "packages", name, "dist/")
const declarationsOf = (name) => (entry) => join(distOf(name), `${entry}.d.ts`)
const all = packages.flatMap((name) => entriesOf(name).map(declarationsOf(name)))

if (!all.every((file) => existsSync(file))) {
  console.error("There are no built declarations: run `pnpm build` first.")
  process.exit(1)
}

const { factory } = ts
const printer = ts.createPrinter({ newLine: ts.NewLineKind.LineFeed, removeComments: true })
const program = ts.createProgram(all, { module: ts.ModuleKind.NodeNext, types: [] })
const checker = program.getTypeChecker()

const targetOf = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)

/** The statement that declares this, if it is one that a file may export. */
const statementOf = (declaration) => {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  return node.parent && ts.isSourceFile(node.parent) ? node : undefined
}

const isPrivate = (node) =>
  ts.isClassElement(node) &&
  !ts.isConstructorDeclaration(node) &&
  ((node.name && ts.isPrivateIdentifier(node.name)) || ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private)

/** The import of a name that another package declares. */
const importOf = ({ declarations: [node] }) => {
  const statement = ts.findAncestor(node, ts.isImportDeclaration)
  const name = ts.isNamespaceImport(node) ? `* as ${node.name.text}` : `{ ${node.getText().replace(/^type /, "")} }`
  return statement && `import ${name} from ${statement.moduleSpecifier.getText()};`
}

/** The order of a union means nothing, and the compiler's order of an inferred one can change with any file. */
const sorted = ({ types }, source) => {
  const textOf = (type) => printer.printNode(ts.EmitHint.Unspecified, type, source)
  return factory.createUnionTypeNode([...types].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1)))
}

/** The imports that the surface of a module needs, and its declarations in the order of their names. */
const surfaceOf = (name, entry) => {
  const isOurs = (symbol) =>
    symbol.declarations?.every((node) => node.getSourceFile().fileName.startsWith(distOf(name)))
  const namespaces = new Map()
  const exportsOf = (module) =>
    checker.getExportsOfModule(module).flatMap((symbol) => {
      const target = targetOf(symbol)
      if (!target.declarations.some(ts.isSourceFile)) return [[target, symbol.name]]
      const members = exportsOf(target)
      namespaces.set(
        symbol.name,
        members.map(([, member]) => member)
      )
      return members
    })
  const exported = new Map(exportsOf(checker.getSymbolAtLocation(program.getSourceFile(declarationsOf(name)(entry)))))
  const found = new Set(exported.keys())
  const imports = new Set()

  /** Takes note of what a name refers to. Returns what the surface calls that, unless another package declares it. */
  const follow = (node) => {
    const symbol = checker.getSymbolAtLocation(node)
    if (symbol === undefined) return undefined
    const target = targetOf(symbol)
    if (symbol !== target && !isOurs(target)) imports.add(importOf(symbol))
    if (!isOurs(target) || !target.declarations.some(statementOf)) return undefined
    found.add(target)
    return exported.get(target) ?? target.name
  }

  const isOurModule = (node) => {
    const symbol = checker.getSymbolAtLocation(node)
    return symbol !== undefined && isOurs(targetOf(symbol)) && targetOf(symbol).declarations.some(ts.isSourceFile)
  }

  const simplify = (context) => (statement) => {
    const visit = (node) => {
      if (isPrivate(node) || (ts.isModifier(node) && node.parent === statement)) return undefined
      if (ts.isObjectBindingPattern(node)) return factory.createIdentifier("options")
      if (ts.isIdentifier(node)) return factory.createIdentifier(follow(node) ?? node.text)
      if (ts.isQualifiedName(node) && isOurModule(node.left)) return visit(node.right)
      if (ts.isPropertyAccessExpression(node) && isOurModule(node.expression)) return visit(node.name)
      if (ts.isImportTypeNode(node) && node.qualifier && isOurModule(node.argument.literal)) {
        const create = node.isTypeOf ? factory.createTypeQueryNode : factory.createTypeReferenceNode
        return create(visit(node.qualifier), node.typeArguments?.map(visit))
      }
      const visited = ts.visitEachChild(node, visit, context)
      return ts.isUnionTypeNode(visited) ? sorted(visited, statement.getSourceFile()) : visited
    }
    return visit(statement)
  }

  const declarations = []
  // A set that grows while it is read: each declaration adds what it refers to.
  for (const symbol of found) {
    for (const statement of symbol.declarations.map(statementOf)) {
      if (!isOurs(symbol) || statement === undefined) {
        throw new Error(`${name} exports ${exported.get(symbol)}, which is no declaration of its own`)
      }
      const [simple] = ts.transform(statement, [simplify]).transformed
      const text = printer.printNode(ts.EmitHint.Unspecified, simple, statement.getSourceFile())
      declarations.push([exported.get(symbol) ?? symbol.name, exported.has(symbol) ? `export ${text}` : text])
    }
  }
  // What a user writes as `Namespace.member` is listed after its namespace.
  for (const [namespace, members] of namespaces) {
    declarations.push([namespace, `export * as ${namespace}; // ${members.sort().join(", ")}`])
  }
  const texts = declarations.sort(([a], [b]) => a.localeCompare(b, "en")).map(([, text]) => text)
  return [[...imports].filter(Boolean).sort().join("\n"), ...texts].join("\n\n")
}

/** A package with one module is that module. */
const sectionOf = (name) => (entry) => {
  const title = dirname(entry) === "." ? "" : `## ${name}/${dirname(entry)}\n\n`
  return `${title}\`\`\`ts\n${surfaceOf(name, entry)}\n\`\`\`\n`
}

for (const name of packages) {
  const file = `packages/${name}/api.md`
  const title = `# The public surface of ${name}`
  const report = [`${title}\n\nWritten by \`pnpm api-report\`.\n`, ...entriesOf(name).map(sectionOf(name))].join("\n")
  if (!process.argv.includes("--check")) {
    writeFileSync(join(root, file), report)
  } else if (!existsSync(join(root, file)) || readFileSync(join(root, file), "utf8") !== report) {
    console.error(
      `The public surface of ${name} has changed: run \`pnpm api-report\`, look at the diff, and add a changeset.`
    )
    const diff = ["diff", "--no-index", "--no-ext-diff", "-U0", file, "-"]
    spawnSync("git", diff, { cwd: root, input: report, stdio: ["pipe", "inherit", "inherit"] })
    process.exitCode = 1
  }
}
