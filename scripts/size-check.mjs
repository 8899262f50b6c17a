/**
 * How large the library is for an app that has `effect` and `@effect/platform` already: all of `cxone-auth`, as
 * `pnpm build` made it, bundled, minified and gzipped. It may not grow unnoticed.
 */
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { root } from "./tarballs.mjs"

/** If a feature is worth more, raise this in the commit that adds it. */
const mostKiB = 51.4

const { outputFiles } = await build({
  entryPoints: [join(root, "packages/cxone-auth/dist/index.js")],
  external: ["effect", "@effect/platform"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  write: false,
  logLevel: "error"
})
const [{ contents }] = outputFiles
const kiB = Number((gzipSync(contents, { level: 9 }).length / 1_024).toFixed(1))

console.log(`cxone-auth: ${kiB} KiB minified and gzipped, without effect and @effect/platform; at most ${mostKiB}`)
if (kiB > mostKiB) process.exitCode = 1
