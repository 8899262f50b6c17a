import { expect, it } from "vitest"

// A file whose imports fail has no test that could fail, and its mutant would pass for a survivor. Comes last: what is
// loaded for the first time within a test would count as covered by that test alone.
it("the package loads", async () => {
  await expect(import("cxone-auth")).resolves.toBeDefined()
})
