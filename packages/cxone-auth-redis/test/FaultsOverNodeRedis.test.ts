import * as Faults from "./support/Faults.js"

Faults.define("node-redis")
