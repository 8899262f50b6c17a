import { statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const packages = fileURLToPath(new URL("../../packages", import.meta.url))

/** What takes seconds to notice a mutant that others notice as well. */
const slow = [
  // Sockets and other servers.
  "CallTable",
  "OidcProvider",
  "Quirks",
  "Sockets",
  "Streams",
  // Child processes.
  "Canary",
  // Whole days, fleets, and hundreds of random sequences.
  "Fleet",
  "Model",
  "VirtualDays"
]

const loads = "scripts/mutation/loads.test.ts"

/** A mutant dies at its first failure, so the small files come first. */
class QuickFirst extends BaseSequencer {
  override async sort(specifications: Array<TestSpecification>) {
    const rank = ({ moduleId }: TestSpecification) =>
      moduleId.endsWith(loads) ? Number.POSITIVE_INFINITY : statSync(moduleId).size
    return specifications.sort((one, other) => (rank(one) < rank(other) ? -1 : 1))
  }
}

export default defineConfig({
  // Else the tests in a mutated copy of the workspace would load, through its links, the sources that were copied.
  resolve: {
    alias: [{ find: /^(cxone-auth(?:-testkit|-undici)?)$/, replacement: `${packages}/$1/src/index.ts` }]
  },
  test: {
    include: ["packages/cxone-auth/test/**/*.test.ts", loads],
    exclude: slow.map((name) => `packages/cxone-auth/test/promises/${name}.test.ts`),
    // Left out by their titles are crowds, whole days and random texts: they take seconds to notice what a small test
    // notices as well.
    testNamePattern: /^(?!.*(?:\d,000|300 tenants|500 calls|a day of calls|random|whatever|whenever|ever nearer)).*$/,
    // One process for all files of a run: loading effect for each would take longer than the tests do.
    isolate: false,
    sequence: { sequencer: QuickFirst },
    // Judges no timing. Stryker ends a mutant that takes too long.
    testTimeout: 60_000
  }
})
