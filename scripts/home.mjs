/**
 * Where the project lives is said once: as `homepage` in the root's package.json. This writes what npm shows of it into
 * the package.json of each package, and the README that npm shows. With `--check` it compares. A URL after that is where the project really lives, which
 * a release compares, too: npm refuses the provenance of a package that names another repository.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { packages, root } from "./tarballs.mjs"

const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8"))

const { homepage: home } = read("package.json")

const linksOf = (directory) => ({
  homepage: `${home}/tree/main/${directory}#readme`,
  repository: { type: "git", url: `git+${home}.git`, directory },
  bugs: { url: `${home}/issues` }
})

/** npm shows the README of the package. It is the project's, with links that lead to its home. */
const readmeOfPackage = () =>
  readFileSync(join(root, "README.md"), "utf8").replace(
    /(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)/g,
    (_, image, text, path) => `${image}[${text}](${home}/${image === "!" ? "raw" : "blob"}/main/${path})`
  )

const [check, real = home] = process.argv.slice(2)
const problems =
  real === home ? [] : [`The root's package.json says that the project lives at ${home}, not at ${real}.`]

for (const name of packages) {
  const directory = `packages/${name}`
  const path = `${directory}/package.json`
  const manifest = read(path)
  const linked = { ...manifest, ...linksOf(directory) }
  if (check !== "--check") writeFileSync(join(root, path), `${JSON.stringify(linked, undefined, 2)}\n`)
  else if (JSON.stringify(manifest) !== JSON.stringify(linked))
    problems.push(`${path} does not: run \`pnpm home-links\`.`)
}

const readme = join(root, "packages/cxone-auth/README.md")
if (check !== "--check") writeFileSync(readme, readmeOfPackage())
else if (readFileSync(readme, "utf8") !== readmeOfPackage())
  problems.push("packages/cxone-auth/README.md is not the project's README: run `pnpm home-links`.")

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}
console.log(`${packages.length} packages live at ${home}`)
