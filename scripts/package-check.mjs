/**
 * What a user gets from npm: packs both packages, checks the tarballs, installs them in an empty folder outside the
 * repository, and runs `scripts/consumer/main.mjs` there.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const bin = (name) => join(root, "node_modules/.bin", name)
const packages = ["cxone-auth", "cxone-auth-testkit"]
const peers = ["effect@^3.22.4", "@effect/platform@^0.97.2"]

/** Runs a command, and returns what it printed. When it fails, prints that and fails too. */
const run = (command, args, cwd) => {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed\n${error ?? ""}${stdout}${stderr}`)
  return stdout.trim()
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
  mkdirSync(app)
  run("npm", ["init", "--yes"], app)
  run("npm", ["install", "--no-audit", "--no-fund", ...tarballs, ...peers], app)
  console.log("npm install: both tarballs and their peers, in an empty folder")

  copyFileSync(join(root, "scripts/consumer/main.mjs"), join(app, "main.mjs"))
  console.log(run(process.execPath, ["main.mjs"], app).replace(/^/gm, "  "))
  console.log("scripts/consumer/main.mjs: ran there as a user's program")
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(temp, { recursive: true, force: true })
}
