import { defineProject } from "vitest/config"

export default defineProject({
  test: {
    include: ["test/**/*.test.ts"],
    // Long enough for a slow and busy machine: it ends a test that hangs, and judges no timing.
    testTimeout: 60_000
  }
})
