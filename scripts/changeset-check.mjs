/**
 * A change of a package's `api.md` needs a changeset of that package: the commit that last changed the file, or a later
 * one, adds or changes one. Work that is not committed counts as the latest commit. Without git's history, nothing is
 * known, and nothing fails.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

/** What git prints, or `undefined` if it fails or is not there. */
const git = (...args) => {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" })
  return status === 0 ? stdout.trimEnd() : undefined
}

const isRepository = () => {
  const top = git("rev-parse", "--show-toplevel")
  return top !== undefined && realpathSync(top) === realpathSync(root) && git("rev-parse", "HEAD") !== undefined
}

const isShallow = () => git("rev-parse", "--is-shallow-repository") === "true"

/** The files that differ from the latest commit, each with the letters that git has for the difference. */
const uncommitted = (path) =>
  git("status", "--porcelain", "--no-renames", "--untracked-files=all", "-z", "--", path)
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => ({ letters: entry.slice(0, 2), file: entry.slice(3) }))

const uncommittedChangesets = () =>
  uncommitted(".changeset/*.md")
    .map(({ file }) => fileURLToPath(new URL(`../${file}`, import.meta.url)))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8"))

/** The commits of this branch, each with what it changes. A merge counts as one commit with all that it brings. */
const log = (...args) => git("log", "--first-parent", "-m", "--no-renames", ...args)

/** What the changesets said that were added or changed by a commit or after it. */
const changesetsSince = (commit) => {
  const range = ["HEAD", "--not", `${commit}^@`, "--", ".changeset/*.md"]
  const lines = log("--diff-filter=AM", "--format=", "--raw", "--no-abbrev", ...range).split("\n")
  return lines.filter((line) => line !== "").map((line) => git("cat-file", "blob", line.split(" ")[3]))
}

/** What is wrong with the changesets of a package, or what cannot be known of them. */
const verdictOf = (name) => {
  const file = `packages/${name}/api.md`
  const isAbout = (changeset) => new RegExp(`^["']?${name}["']?:`, "m").test(changeset)
  const complaint = (when) => ({
    problem: `${file} changed ${when}, and since then no changeset of ${name} was added or changed: run \`pnpm changeset\`.`
  })

  if (uncommittedChangesets().some(isAbout)) return {}
  if (uncommitted(file).some(({ letters }) => letters.includes("M"))) return complaint("after the latest commit")

  // The commit that adds the file changes nothing for a user.
  const last = log("--diff-filter=M", "--format=%H", "-1", "--", file)
  if (!last) return isShallow() ? { unknown: `the clone is shallow, and its commits do not change ${file}` } : {}
  return changesetsSince(last).some(isAbout) ? {} : complaint(`in ${last.slice(0, 7)}`)
}

const verdicts = isRepository()
  ? ["cxone-auth", "cxone-auth-testkit", "cxone-auth-undici", "cxone-auth-redis"].map(verdictOf)
  : [{ unknown: "this is no git repository" }]
const problems = verdicts.flatMap(({ problem }) => problem ?? [])
const unknowns = verdicts.flatMap(({ unknown }) => unknown ?? [])
if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}
console.log(
  unknowns.length > 0
    ? unknowns.map((reason) => `changesets: not checked, because ${reason}`).join("\n")
    : "changesets: every change of an api.md has one"
)
