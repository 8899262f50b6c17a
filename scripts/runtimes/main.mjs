/** The program on Node, Bun and Deno. */
import { smoke } from "./smoke.mjs"

await smoke(process.env)
