import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const packages = fileURLToPath(new URL("packages", import.meta.url))

// The quickest to notice a mutant first: at its first failure it is dead. Left out is what takes seconds to notice the
// same: sockets, other servers, child processes, whole days.
const files = [
  "client/Challenge",
  "lookup/SingleFlight",
  "token/TokenPolicy",
  "exchange/TokenResponse",
  "throttle/RateGate",
  "throttle/WaitingLine",
  "promises/RateLimits",
  "exchange/TokenEndpoint",
  "promises/RefreshAhead",
  "promises/Status",
  "promises/Observability",
  "promises/Refusals",
  "auth/TokenEffect",
  "auth/TokenCache",
  "client/CxoneHttpClient"
].map((name) => `packages/cxone-auth/test/${name}.test.ts`)
files.push("scripts/mutation/loads.test.ts")

const rank = ({ moduleId }: TestSpecification) => files.findIndex((file) => moduleId.endsWith(file))

class QuickFirst extends BaseSequencer {
  override async sort(specifications: Array<TestSpecification>) {
    return specifications.sort((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  // Else the tests in a mutated copy of the workspace would load, through its links, the sources that were copied.
  resolve: {
    alias: [{ find: /^(cxone-auth(?:-testkit)?)$/, replacement: `${packages}/$1/src/index.ts` }]
  },
  test: {
    include: files,
    // One process for all files of a run: loading effect for each would take longer than the tests do.
    isolate: false,
    sequence: { sequencer: QuickFirst },
    testTimeout: 8_000
  }
})
