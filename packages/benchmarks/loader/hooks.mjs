import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true }

/** Sources import each other as `./X.js`. */
export const resolve = (specifier, context, next) =>
  specifier.startsWith(".") && context.parentURL?.endsWith(".ts")
    ? next(specifier.replace(/\.js$/, ".ts"), context)
    : next(specifier, context)

export const load = async (url, context, next) => {
  if (!url.endsWith(".ts")) {
    return next(url, context)
  }
  const fileName = fileURLToPath(url)
  const { outputText } = ts.transpileModule(await readFile(fileName, "utf8"), { fileName, compilerOptions })
  return { format: "module", source: outputText, shortCircuit: true }
}
