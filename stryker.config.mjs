const rooms = [
  "ApiCall",
  "Challenge",
  "CxoneHttpClient",
  "Flight",
  "RateGate",
  "RateGates",
  "RefusalMemory",
  "TokenAccess",
  "TokenCache",
  "TokenEndpoint",
  "TokenExchange",
  "TokenMemory",
  "TokenPolicy",
  "TokenSlot",
  "TokenSource",
  "WaitingLine"
]

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: rooms.map((room) => `packages/cxone-auth/src/${room}.ts`),
  testRunner: "vitest",
  // With pnpm's node_modules Stryker does not find it by itself.
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "vitest.mutation.config.ts", related: false },
  coverageAnalysis: "perTest",
  concurrency: 2,
  // A mutant that loops is given up after one and a half times what its tests take, and 5 s.
  timeoutFactor: 1.5,
  timeoutMS: 5_000,
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ["clear-text", "progress"],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  cleanTempDir: "always"
}
