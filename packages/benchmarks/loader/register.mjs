/**
 * Runs TypeScript as `tsc` would publish it. tsx gives every function its name by `Object.defineProperty`, which turns
 * each closure's properties into a dictionary: a fifth more memory for a tenant, and none of it the library's.
 */
import { register } from "node:module"

register("./hooks.mjs", import.meta.url)
