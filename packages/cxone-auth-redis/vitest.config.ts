import { defineProject } from "vitest/config"

export default defineProject({
  test: {
    include: ["test/**/*.test.ts"],
    // Long enough for a slow and busy machine. It only ends a test that hangs; no test depends on this limit for its timing.
    testTimeout: 60_000
  }
})
