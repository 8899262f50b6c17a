/**
 * What a new user does with the guides: installs what they say, in an empty folder outside the repository and with the
 * packed tarballs, copies every program of theirs, compiles all, runs those that need no settings, and asks those that
 * serve, with the settings of the guides' simulator.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { inTempFolder, packIn, root, run } from "./tarballs.mjs"

/** In this order, because the first says how to begin, and the others how to go on. */
const guides = [
  "getting-started",
  "calls",
  "testing",
  "from-promises",
  "many-tenants",
  "running-it",
  "fleet",
  "logs-and-traces",
  "secrets",
  "proxies-and-certificates"
]

/** The programs that run without settings, and what each prints. */
const prints = {
  "four-secrets.ts": /^It is \d{4}\S+ at http:\/\/127\.0\.0\.1:\d+\/$/m,
  "client-pair.ts": /^I am .+ \(test-user\)\.$/m,
  "get-and-post.ts": /^It is \d{4}\S+\nThe new tag is 7$/m,
  "call-options.ts": /^with options: 200$/m,
  "multi-tenant.ts": /^9 calls for 3 tenants: 3 token requests$/m
}

/** The programs that serve requests. */
const servers = ["express.ts", "express-in-production.ts", "fastify.ts", "health-and-metrics.ts"]

const tsconfig = {
  compilerOptions: {
    module: "NodeNext",
    target: "ES2022",
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    paths: { "@/*": ["./*.ts"] }, // as Next has it
    noEmit: true,
    skipLibCheck: true
  }
}

const pages = guides.map((guide) => readFileSync(join(root, `docs/${guide}.md`), "utf8"))

/** The commands that the guides give to npm, each once. */
const commands = [
  ...new Set(
    pages.flatMap((page) =>
      [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) => block.match(/^npm .*$/gm) ?? [])
    )
  )
]

const programs = Object.fromEntries(
  pages.flatMap((page) =>
    [...page.matchAll(/^<!-- (\S+) -->\n+```ts\n(.*?)^```$/gms)].map(([, path, block]) => [basename(path), block])
  )
)

/** Starts a program, and waits until it has printed this. */
const start = async (app, program, pattern, settings = {}) => {
  const env = { ...process.env, ...settings, NO_COLOR: "1", PORT: "0" }
  const child = spawn(process.execPath, ["--import", "tsx", program], { cwd: app, env })
  const ended = once(child, "close")
  let printed = ""
  const found = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        printed += chunk
        if (pattern.test(printed)) resolve(printed)
      })
    }
    ended.then(() => reject(new Error(`${program} ended too early\n${printed}`)))
  })
  const stop = async () => {
    child.kill("SIGTERM")
    const [code] = await ended
    return code
  }
  return { printed: found, stop }
}

const ask = async (app, program, settings) => {
  const server = await start(app, program, /listening on.*?(?:port: |:)(\d+)/is, settings)
  const [, port] = /listening on.*?(?:port: |:)(\d+)/is.exec(server.printed)
  const { status } = await fetch(`http://localhost:${port}/server-time`)
  const code = await server.stop()
  if (status !== 200 || code !== 0) throw new Error(`${program} answered ${status}, and ended with ${code}`)
  console.log(`${program}: answered there`)
}

await inTempFolder(async (temp) => {
  const tarballs = packIn(temp)
  const app = join(temp, "app")
  mkdirSync(app)
  for (const command of commands) {
    const local = command.replace(/(?<= )cxone-auth(?:-testkit|-undici|-redis)?(?= |$)/g, (name) => tarballs[name])
    run("sh", ["-c", local], app)
    console.log(`${command}: done in an empty folder`)
  }
  run("npm", ["install", "--save-dev", "--no-audit", "--no-fund", "typescript@~5.9.3", "@types/node@20"], app)

  writeFileSync(join(app, "tsconfig.json"), JSON.stringify(tsconfig))
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(app, name), text)
  run("npx", ["tsc"], app)
  console.log(`${Object.keys(programs).length} programs of ${guides.length} guides: TypeScript 5.9 compiles them there`)

  for (const [name, pattern] of Object.entries(prints)) {
    const printed = run("npx", ["tsx", name], app)
    if (!pattern.test(printed)) throw new Error(`${name} printed something else than ${pattern}:\n${printed}`)
    console.log(`${name}: ran there`)
  }
  const simulator = await start(app, "simulator.ts", /CXONE_ISSUER=.*\n/)
  try {
    const settings = Object.fromEntries(
      [...simulator.printed.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value])
    )
    for (const program of servers) await ask(app, program, settings)
  } finally {
    await simulator.stop()
  }
  run("npx", ["vitest", "run"], app)
  console.log("the tests of docs/testing.md: passed there")
})
