import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { stripVTControlCharacters } from "node:util"

const fromVitest = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"))

// A part of vitest that an app doesn't import. This is all of it that is used here.
const { processError } = (await import(pathToFileURL(fromVitest.resolve("@vitest/utils/error")).href)) as {
  readonly processError: (error: unknown) => { readonly message: string; readonly diff?: string }
}

/** What vitest prints for an expectation that fails; `undefined` if it holds. What it throws meanwhile ends a test file. */
export const printedBy = (expectation: () => void): string | undefined => {
  try {
    expectation()
    return undefined
  } catch (error) {
    const { diff = "", message } = processError(error)
    return stripVTControlCharacters(`${message}\n${diff}`)
  }
}
