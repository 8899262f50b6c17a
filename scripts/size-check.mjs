/**
 * How large the library is for an app that has `effect` and `@effect/platform` already, as `pnpm build` made it: bundled,
 * minified and gzipped. It may not grow unnoticed, and a program bundles only what it uses.
 */
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { root } from "./tarballs.mjs"

/** Programs, and how many KiB each may take. If a feature is worth more, raise this in the commit that adds it. */
const programs = [
  { name: "all of it", program: 'export * from "cxone-auth"', most: 57.4 },
  {
    name: "without a shared store",
    program: 'export { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"',
    most: 52.8
  }
]

for (const { most, name, program } of programs) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    alias: { "cxone-auth": join(root, "packages/cxone-auth/dist/index.js") },
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
  console.log(
    `cxone-auth, ${name}: ${kiB} KiB minified and gzipped, without effect and @effect/platform; at most ${most}`
  )
  if (kiB > most) process.exitCode = 1
}
