/**
 * Where the library runs: `scripts/runtimes/smoke.mjs` runs with the packed tarballs on each runtime, against a simulator
 * in a process of its own. Nothing that a runtime prints may hold a secret. The runtimes are packages of npm that consist of
 * a binary for Linux on x64.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { installIn, inTempFolder, newest, packIn, root, run } from "./tarballs.mjs"

const home = join(root, "scripts/runtimes")
const guide = readFileSync(join(root, "CONTRIBUTING.md"), "utf8")

/** What the program does. Then it prints two errors: one of the platform, with its request, and one of ours. */
const steps = ["token", "call", "renewal", "download", "upload"]
const errors = ["ResponseError", "InvalidClient"]

/** Those of the client and of the access key, the right and the wrong client authentication, and two tokens. */
const leastSecrets = 6

/** Each runtime: its package, the binary in that, and its arguments. */
const runtimes = {
  "Node 20": ["node-20", "bin/node", "main.mjs"],
  "Node 22": ["node-22", "bin/node", "main.mjs"],
  "Node 24": ["node-24", "bin/node", "main.mjs"],
  Bun: ["@oven/bun-linux-x64", "bin/bun", "main.mjs"],
  Deno: [
    "@deno/linux-x64-glibc",
    "deno",
    "run",
    "--no-prompt",
    "--node-modules-dir=manual",
    "--allow-net=127.0.0.1",
    "--allow-env",
    "main.mjs"
  ],
  workerd: ["@cloudflare/workerd-linux-64", "bin/workerd", "test", "workerd.capnp"]
}

/** The simulator, until `end`, which returns the secrets that it knows. */
const startServer = async (app) => {
  const server = spawn(process.execPath, ["server.mjs"], { cwd: app, stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]()
  const next = async () => {
    const { done, value } = await lines.next()
    if (done) throw new Error("scripts/runtimes/server.mjs ended too early")
    return JSON.parse(value)
  }
  const settings = await next()
  const end = () => {
    server.stdin.end()
    return next()
  }
  return { settings, end }
}

const check = async (app, name, [pkg, binary, ...args]) => {
  const { version } = JSON.parse(readFileSync(join(home, "node_modules", pkg, "package.json"), "utf8"))
  const { end, settings } = await startServer(app)
  const env = { ...settings, NO_COLOR: "1", DENO_DIR: join(app, ".deno"), DENO_NO_UPDATE_CHECK: "1" }
  const program = spawn(join(home, "node_modules", pkg, binary), args, { cwd: app, env, timeout: 30_000 })
  const [stdout, stderr, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, "close")
  ])
  const secrets = await end()

  const output = `${stdout}${stderr}`
  const problems = [
    ...(code === 0 ? [] : [`it ended with ${code}`]),
    ...steps.filter((step) => !stdout.includes(`done: ${step}\n`)).map((step) => `${step} is not done`),
    ...errors.filter((error) => !stdout.includes(error)).map((error) => `it printed no ${error}`),
    ...(guide.includes(`| ${name} | ${version}`) ? [] : ["CONTRIBUTING.md has no line for it"]),
    ...(secrets.length < leastSecrets ? ["the server knows too few secrets"] : []),
    ...(secrets.some((secret) => output.includes(secret)) ? ["it printed a secret"] : [])
  ]
  if (problems.length > 0) throw new Error(`${name} (${version}): ${problems.join(", ")}\n${output}`)
  console.log(`${name} (${version}): ${steps.join(", ")}; no secret shown`)
}

await inTempFolder(async (temp) => {
  run("pnpm", ["install", "--frozen-lockfile"], home)
  const tarballs = packIn(temp)
  const app = installIn(temp, "runtimes", [
    ...Object.values(tarballs),
    ...newest({ "cxone-auth": tarballs["cxone-auth"] })
  ])
  const esbuild = ["worker.mjs", "--bundle", "--format=esm", "--conditions=workerd", "--outfile=worker.js"]
  run(join(home, "node_modules/.bin/esbuild"), esbuild, app)
  for (const [name, runtime] of Object.entries(runtimes)) await check(app, name, runtime)
})
