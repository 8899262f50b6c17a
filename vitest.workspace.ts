/** The list of test projects. `vitest.config.ts` reads it, and nothing else lists them. */
export default ["packages/*", "examples"]
