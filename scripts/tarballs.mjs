/** The packages as npm would have them, in a folder outside the repository. */
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))
export const packages = ["cxone-auth", "cxone-auth-testkit", "cxone-auth-undici", "cxone-auth-redis"]

/** The modules that apps import: the package itself, or one for each of its adapters. */
const entries = { "cxone-auth-redis": ["ioredis/index", "node-redis/index"] }
export const entriesOf = (name) => entries[name] ?? ["index"]

/** Runs a command, and returns what it printed. When it fails, throws that. */
export const run = (command, args, cwd) => {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed\n${error ?? ""}${stdout}${stderr}`)
  return stdout.trim()
}

/** Packs them, and returns their tarballs by name. */
export const packIn = (folder) =>
  Object.fromEntries(
    packages.map((name) => {
      const target = join(folder, name)
      mkdirSync(target)
      run("pnpm", ["pack", "--pack-destination", target], join(root, "packages", name))
      return [name, join(target, readdirSync(target)[0])]
    })
  )

export const install = (folder, names) => run("npm", ["install", "--no-audit", "--no-fund", ...names], folder)

/** The range of each peer of the packages that is not ours. What two of them have in common has one range in both. */
const peersOf = (tarballs) => {
  const all = Object.values(tarballs).flatMap((tarball) => {
    const { peerDependencies } = JSON.parse(run("tar", ["-xOf", tarball, "package/package.json"], root))
    return Object.entries(peerDependencies).filter(([name]) => !packages.includes(name))
  })
  return Object.entries(Object.fromEntries(all))
}

/** The peers at both ends of what the packages allow. Each range begins with its lowest version. */
export const newest = (tarballs) => peersOf(tarballs).map(([name, range]) => `${name}@${range}`)
export const lowest = (tarballs) =>
  peersOf(tarballs).map(([name, range]) => `${name}@${/\d+\.\d+\.\d+/.exec(range)[0]}`)

/** Copies the files of a folder of `scripts`, installs packages there, and returns the copy. */
export const installIn = (folder, source, names) => {
  const app = join(folder, "app")
  mkdirSync(app)
  for (const file of readdirSync(join(root, "scripts", source), { withFileTypes: true })) {
    if (file.isFile()) copyFileSync(join(root, "scripts", source, file.name), join(app, file.name))
  }
  // The folder of the runtimes has a package of its own, which is to install those.
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }))
  install(app, names)
  return app
}

/** Does it in a folder that is removed afterwards. When it fails, prints why, and the process fails too. */
export const inTempFolder = async (work) => {
  const temp = mkdtempSync(join(tmpdir(), "cxone-auth-"))
  try {
    await work(temp)
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
}
