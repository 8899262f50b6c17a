/**
 * The peers that the packages allow: packs them, and installs them in an empty folder with the lowest versions, and in
 * another with the newest. There it runs `scripts/consumer/main.mjs`, and compiles `scripts/consumer/surface.ts`.
 */
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { installIn, inTempFolder, lowest, newest, packIn, run } from "./tarballs.mjs"

const tools = ["typescript@~5.9.3", "@types/node@20"]

await inTempFolder((temp) => {
  const tarballs = packIn(temp)
  for (const [end, peersOf] of Object.entries({ lowest, newest })) {
    const folder = join(temp, end)
    mkdirSync(folder)
    const peers = peersOf(tarballs)
    const app = installIn(folder, "consumer", [...Object.values(tarballs), ...peers, ...tools])
    run(process.execPath, ["main.mjs"], app)
    run(process.execPath, [join(app, "node_modules/typescript/bin/tsc"), "--project", "tsconfig.json"], app)
    const installed = peers.map((peer) => {
      const name = peer.slice(0, peer.lastIndexOf("@"))
      const { version } = JSON.parse(readFileSync(join(app, "node_modules", name, "package.json"), "utf8"))
      return `${name} ${version}`
    })
    console.log(`${end}: ${installed.join(", ")}: main.mjs runs, surface.ts compiles`)
  }
})
