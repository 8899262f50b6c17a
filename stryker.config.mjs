/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: ["client", "auth", "lookup", "exchange", "throttle", "token"].map((f) => `packages/cxone-auth/src/${f}/*.ts`),
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
