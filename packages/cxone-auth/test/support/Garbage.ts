import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

// Vitest's processes are not started with --expose-gc.
setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

/** Collects all garbage. The second run begins by waiting for the buffers that the first frees in the background. */
export const collectGarbage = (): void => {
  collect()
  collect()
}
