const folders = [
  "auth",
  "client",
  "cxone",
  "environment",
  "exchange",
  "http",
  "lookup",
  "settings",
  "throttle",
  "token"
]

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: folders.map((folder) => `packages/cxone-auth/src/${folder}/**/*.ts`),
  testRunner: "vitest",
  // With pnpm's node_modules Stryker does not find it by itself.
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "scripts/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  // A mutant in what runs once, when a module is loaded, would need every test: a minute each, a day in all.
  ignoreStatic: true,
  concurrency: 2,
  // The first run, without a mutant, judges no timing: it may take long on a busy machine.
  dryRunTimeoutMinutes: 20,
  // A mutant that loops or waits forever is given up after one and a half times what its tests take, and 5 s.
  timeoutFactor: 1.5,
  timeoutMS: 5_000,
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ["clear-text", "progress", "json"],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: "reports/mutation.json" },
  cleanTempDir: "always"
}
