/**
 * Writes a page for each public name into `docs/reference`, by TypeDoc from the doc comments. With `--check`, compares
 * them with what is there. A warning of TypeDoc, such as a link that leads nowhere or a name that is not public, is an
 * error. The pages name no file and no line, so they change only if a signature or a description does.
 */
import { spawnSync } from "node:child_process"
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Application, Converter, makeRecursiveVisitor, ReferenceType, ReflectionKind } from "typedoc"
import { inTempFolder, packages, root } from "./tarballs.mjs"

const folder = "docs/reference"

const about = {
  "cxone-auth": "the library",
  "cxone-auth-testkit": "the simulator, for tests",
  "cxone-auth-undici": "an HttpClient for Node"
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
    entryPoints: [join(home, "src/index.ts")],
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
