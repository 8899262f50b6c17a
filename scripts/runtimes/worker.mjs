/** The program on workerd, which has the settings as bindings. */
import { smoke } from "./smoke.mjs"

export default { test: (_, bindings) => smoke(bindings) }
