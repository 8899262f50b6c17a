/**
 * What a reader of a published package relies on. What `src/index.ts` exports has a description and a version, and each of
 * its members a description, which refers to nothing by a number. Every `ts` block of every doc comment and of AGENTS.md
 * compiles. What may be left out of options may be `undefined`, too.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, relative } from "node:path"
import ts from "typescript"
import { entriesOf, packages, root } from "./tarballs.mjs"

/** What only this repository knows: the numbers of its rules, and the notes that it was built from. */
const unknownToReaders = [/\b[CFLS]\d{1,2}\b/, /\bfacts §/i, /\bbrief\b/i]

/** The fields that a class gives to its base: to `Schema.TaggedError` as a value, to `Data.TaggedClass` as a type. */
const fieldsOf = (node) =>
  (node.heritageClauses ?? [])
    .flatMap(({ types }) => types)
    .flatMap(({ expression, typeArguments = [] }) => [
      ...(ts.isCallExpression(expression) ? expression.arguments : []),
      ...typeArguments
    ])
    .flatMap((part) => {
      if (ts.isObjectLiteralExpression(part)) return part.properties
      return ts.isTypeLiteralNode(part) ? part.members : []
    })

/** What a reader sees of a declaration beside its name. A constant of a named type has the members of that. */
const membersOf = (node) => {
  if (ts.isClassDeclaration(node)) return [...node.members, ...fieldsOf(node)]
  if (ts.isInterfaceDeclaration(node)) return node.members
  if (node.type !== undefined) return ts.isTypeLiteralNode(node.type) ? node.type.members : []
  let value = node.initializer
  while (value && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) value = value.expression
  return value && ts.isObjectLiteralExpression(value) ? value.properties : []
}

/** The signature of an implementation is seen by nobody if there are overloads. */
const implementsOverloads = (member, members) =>
  member.body !== undefined &&
  members.some((other) => other !== member && other.name?.getText() === member.name.getText() && !other.body)

/** An override has the description of what it overrides, and a symbol is no name that somebody types. */
const isPublic = (member, _, members) =>
  member.name !== undefined &&
  !implementsOverloads(member, members) &&
  !ts.isComputedPropertyName(member.name) &&
  !ts.isPrivateIdentifier(member.name) &&
  !(ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Override))

const commentsOf = (node) => ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)

const textOf = (node) =>
  commentsOf(node)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "")
    .join("\n")

const problemsOf = (name, node) => {
  const source = node.getSourceFile()
  const { line } = source.getLineAndCharacterOfPosition(node.getStart())
  const place = `${relative(root, source.fileName)}:${line + 1} ${name}`
  const text = textOf(node)
  const unknown = commentsOf(node).flatMap((one) =>
    unknownToReaders.flatMap((words) => one.getText().match(words) ?? [])
  )
  return {
    unknown: unknown.map((words) => `${place} says "${words}", which a reader can't look up`),
    noDescription: text.trim() === "" ? [`${place} has no description`] : [],
    noSince: ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "since") ? [] : [`${place} has no @since`]
  }
}

const problemsOfExport = (name, node) => {
  const { noDescription, noSince, unknown } = problemsOf(name, node)
  const ofMembers = membersOf(node)
    .filter(isPublic)
    .flatMap((member) => {
      const own = member.name.getText()
      const found = problemsOf(`${name}.${own}`, member)
      return [...found.unknown, ...found.noDescription]
    })
  return [...unknown, ...noDescription, ...noSince, ...ofMembers]
}

/** The exports of a module that apps import, and what the compiler knows of them. */
const surfaceOf = (home, entry) => {
  const index = join(home, `src/${entry}.ts`)
  const { config } = ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [index] }, ts.sys, root)
  const program = ts.createProgram([index], options)
  return { checker: program.getTypeChecker(), index: program.getSourceFile(index) }
}

const exportsOf = (checker, module) =>
  checker.getExportsOfModule(module).map((exported) => ({
    name: exported.name,
    symbol: exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  }))

/** Every problem of the documentation of a package. */
const documentation = ({ checker, index }) => {
  const ofExports = (module, prefix) =>
    exportsOf(checker, module).flatMap(({ name, symbol }) =>
      (symbol.declarations ?? []).flatMap((node) =>
        ts.isSourceFile(node) ? ofExports(symbol, `${prefix}${name}.`) : problemsOfExport(`${prefix}${name}`, node)
      )
    )
  return ofExports(checker.getSymbolAtLocation(index), "")
}

/**
 * Every property that an app may leave out of what it gives, but may not give as `undefined`. An app that passes on an
 * option of its own would have to take it apart under `exactOptionalPropertyTypes`. What an app gives is what stands for a
 * parameter; a parameter of a function that it gives is given to it. An instance of a class was made by a constructor.
 */
const options = ({ checker, index }, home) => {
  const missing = checker.getUndefinedType()
  const isOurs = (node) => node.getSourceFile().fileName.startsWith(join(home, "src/"))
  const takesUndefined = (type) =>
    (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0 ||
    (type.isUnion() ? type.types.includes(missing) : type === missing)
  const visited = { given: new Set(), received: new Set() }
  const problems = new Set()

  const visitSignature = (signature, from, to) => {
    for (const parameter of signature.getParameters()) visit(checker.getTypeOfSymbol(parameter), to, from)
    visit(signature.getReturnType(), from, to)
  }

  const visitProperty = (property, isInstance, from, to) => {
    const type = checker.getTypeOfSymbol(property)
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0
    if (from === "given" && isOptional && !isInstance && !takesUndefined(type)) {
      const [node] = property.declarations
      const source = node.getSourceFile()
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      const place = `${relative(root, source.fileName)}:${line + 1} ${property.name}`
      problems.add(`${place} may be left out of what an app gives, but may not be undefined`)
    }
    visit(type, from, to)
  }

  const visit = (type, from, to) => {
    if (visited[from].has(type)) return
    visited[from].add(type)
    const parts = type.isUnionOrIntersection() ? type.types : (type.aliasTypeArguments ?? [])
    const typeArguments = type.objectFlags & ts.ObjectFlags.Reference ? checker.getTypeArguments(type) : []
    for (const part of [...parts, ...typeArguments]) visit(part, from, to)
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      if (signature.declaration === undefined || isOurs(signature.declaration)) visitSignature(signature, from, to)
    }
    for (const property of type.isUnion() ? [] : checker.getPropertiesOfType(type)) {
      if (property.declarations?.some(isOurs)) visitProperty(property, type.isClass(), from, to)
    }
  }

  for (const { symbol } of exportsOf(checker, checker.getSymbolAtLocation(index))) {
    if (symbol.valueDeclaration) visit(checker.getTypeOfSymbol(symbol), "received", "given")
    if (symbol.flags & ts.SymbolFlags.Type) visit(checker.getDeclaredTypeOfSymbol(symbol), "received", "given")
  }
  return [...problems]
}

/** The text of a line of a page, and that of a line of a doc comment. */
const inPage = (line) => line
const inComment = (line) => /^\s*\* ?(.*)$/.exec(line)?.[1]

/** The `ts` blocks of a file, each with the line that it starts on. */
const blocksOf = (source, textIn) => {
  const blocks = []
  let block
  source.split("\n").forEach((line, index) => {
    const text = textIn(line)
    if (block === undefined) {
      if (text?.trim() === "```ts") block = { line: index + 2, lines: [] }
    } else if (text === undefined || text.trim() === "```") {
      blocks.push({ line: block.line, text: `${block.lines.join("\n")}\n` })
      block = undefined
    } else {
      block.lines.push(text)
    }
  })
  return blocks
}

/** Compiles every example in the place of a user of the package, and says how many there are. */
const compileExamples = (home) => {
  const examples = join(home, "docs/examples")
  rmSync(join(home, "docs"), { recursive: true, force: true })
  mkdirSync(examples, { recursive: true })
  const sources = readdirSync(join(home, "src"), { recursive: true }).filter((file) => file.endsWith(".ts"))
  const blocksIn = (path, textIn) =>
    blocksOf(readFileSync(join(home, path), "utf8"), textIn).map((block) => ({ file: basename(path, ".ts"), ...block }))
  const blocks = [
    ...sources.flatMap((file) => blocksIn(join("src", file), inComment)),
    ...(existsSync(join(home, "AGENTS.md")) ? blocksIn("AGENTS.md", inPage) : [])
  ]
  for (const { file, line, text } of blocks) {
    writeFileSync(join(examples, `${file}.line${line}.ts`), text)
  }
  const compilerOptions = { composite: false, declarationMap: false, noEmit: true, noUnusedLocals: false }
  writeFileSync(
    join(examples, "tsconfig.json"),
    JSON.stringify({ extends: "../../../../tsconfig.base.json", compilerOptions, include: ["*.ts"] })
  )
  const tsc =
    blocks.length > 0 && spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", examples], { stdio: "inherit" })
  return { count: blocks.length, compiled: tsc === false || tsc.status === 0 }
}

for (const name of packages) {
  const home = join(root, "packages", name)
  const surfaces = entriesOf(name).map((entry) => surfaceOf(home, entry))
  const problems = surfaces.flatMap((surface) => [...documentation(surface), ...options(surface, home)])
  const { compiled, count } = compileExamples(home)
  console.log([...problems, `${name}: ${problems.length} problems, ${count} examples`].join("\n"))
  if (problems.length > 0 || !compiled) process.exitCode = 1
}
