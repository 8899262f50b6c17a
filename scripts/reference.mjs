/**
 * Writes a page for each public name into `docs/reference`, by TypeDoc from the doc comments. With `--check`, compares
 * them with what is there. A warning of TypeDoc, such as a link that leads nowhere or a name that is not public, is an
 * error. The pages name no file and no line, so they change only if a signature or a description does.
 */
import { spawnSync } from "node:child_process"
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Application, Converter, makeRecursiveVisitor, ReferenceType, ReflectionKind, UnionType } from "typedoc"
import ts from "typescript"
import { entriesOf, inTempFolder, packages, root } from "./tarballs.mjs"

const folder = "docs/reference"

const about = {
  "cxone-auth": "the library",
  "cxone-auth-testkit": "the simulator, for tests",
  "cxone-auth-undici": "an HttpClient for Node",
  "cxone-auth-redis": "one token for a whole fleet"
}

/** The class of a tag or of an error extends what a function made of it. A reader does not have that. */
const isPublic = (type) => type instanceof ReferenceType && type.reflection !== undefined

/** A tag is never constructed. */
const isConstructorOfTag = (reflection) =>
  reflection.kindOf(ReflectionKind.Constructor) &&
  reflection.signatures.every(({ parameters = [] }) => parameters.some(({ type }) => String(type) === "never"))

/** The compiler's order of a union can change with any file. */
const sortUnions = makeRecursiveVisitor({
  union: ({ types }) => types.sort((a, b) => (String(a) < String(b) ? -1 : 1))
})

/** Types that a page can't show, because TypeDoc writes out what a reference stands for, without what is declared elsewhere. */
const isWrittenOut = (type) => {
  const found = { here: false }
  const note = () => {
    found.here = true
  }
  type?.visit(makeRecursiveVisitor({ reflection: note, tuple: note }))
  return found.here
}

const isReference = (node) =>
  ts.isTypeReferenceNode(node) || (ts.isUnionTypeNode(node) && node.types.some((each) => ts.isTypeReferenceNode(each)))

/**
 * Shows the type of a property by the names that its declaration has: `Exclude<Fault, …>` and not each member of it,
 * `NonEmptyReadonlyArray<A>` and not `[A, ...A[]]`.
 */
const showAsDeclared = (context, reflection) => {
  if (!reflection.kindOf(ReflectionKind.Property) || !isWrittenOut(reflection.type)) return
  const node = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.type
  if (node === undefined || !isReference(node)) return
  context.project.removeTypeReflections(reflection.type)
  const type = context.converter.convertType(context.withScope(reflection), node)
  const isUndefined = (each) => String(each) === "undefined"
  const rest =
    type instanceof UnionType && reflection.flags.isOptional ? type.types.filter((each) => !isUndefined(each)) : [type]
  reflection.type = rest.length === 1 ? rest[0] : new UnionType(rest)
}

/** Leaves out what TypeDoc says of private code: where a member is declared, what it is made of, and the bases. */
const leaveOutPrivate = ({ project }) => {
  const all = Object.values(project.reflections)
  for (const reflection of all) {
    reflection.inheritedFrom = undefined
    reflection.overwrites = undefined
    if (reflection.kindOf(ReflectionKind.Property | ReflectionKind.Variable)) reflection.defaultValue = undefined
    const bases = reflection.extendedTypes?.filter(isPublic) ?? []
    reflection.extendedTypes = bases
    if (bases.length === 0) reflection.typeHierarchy = undefined
    reflection.type?.visit(sortUnions)
  }
  for (const reflection of all.filter(isConstructorOfTag)) project.removeReflection(reflection)
}

const write = async (name, out) => {
  const home = join(root, "packages", name)
  const app = await Application.bootstrapWithPlugins({
    name,
    out,
    entryPoints: entriesOf(name).map((entry) => join(home, `src/${entry}.ts`)),
    tsconfig: join(home, "tsconfig.src.json"),
    plugin: ["typedoc-plugin-markdown"],
    logLevel: "Warn",
    treatWarningsAsErrors: true,
    validation: { invalidLink: true, notExported: true, rewrittenLink: true },
    readme: "none",
    disableSources: true,
    disableGit: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    excludeTags: ["@since"],
    // Those of the plugin.
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true
  })
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, showAsDeclared)
  // After TypeDoc's own.
  app.converter.on(Converter.EVENT_RESOLVE_END, leaveOutPrivate, -1_000)
  const project = await app.convert()
  if (project !== undefined) {
    app.validate(project)
    await app.generateOutputs(project)
  }
  if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error(`${name}: TypeDoc warns of the doc comments.`)
  }
}

const filesIn = (path) => readdirSync(path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())

const index = `# Reference

\`pnpm reference\` makes these pages of the doc comments, and CI compares them. An editor shows the same.

${packages.map((name) => `- [\`${name}\`](${name}/README.md): ${about[name]}`).join("\n")}
`

await inTempFolder(async (temp) => {
  for (const name of packages) await write(name, join(temp, name))
  writeFileSync(join(temp, "README.md"), index)

  const files = filesIn(temp).map(({ name, parentPath }) => join(parentPath, name))
  const telling = files.filter((file) => /\bsrc\/|node_modules|\bpackages\//.test(readFileSync(file, "utf8")))
  if (telling.length > 0) throw new Error(`These pages name private files: ${telling.join(", ")}`)

  const empty = files.filter((file) => /\{\n\}/.test(readFileSync(file, "utf8")))
  if (empty.length > 0) throw new Error(`These pages show a type without its members: ${empty.join(", ")}`)

  if (process.argv.includes("--check")) {
    const diff = ["diff", "--no-index", "--no-ext-diff", "--stat", "-p", "-U0", folder, temp]
    if (spawnSync("git", diff, { cwd: root, stdio: "inherit" }).status !== 0) {
      throw new Error(`${folder} is not what the doc comments say: run \`pnpm reference\`, and read the diff.`)
    }
  } else {
    rmSync(join(root, folder), { recursive: true, force: true })
    cpSync(temp, join(root, folder), { recursive: true })
  }
  console.log(`${folder}: ${files.length} pages`)
})
