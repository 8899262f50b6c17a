import { defineConfig } from "vitest/config"
import projects from "./vitest.workspace.js"

export default defineConfig({
  test: {
    projects,
    // By default vitest leaves one core to itself: on two cores the files would run one after the other.
    maxWorkers: "100%",
    // The warnings of the library are many, because the tests are about failures. They are shown where a test fails.
    silent: "passed-only"
  }
})
