/**
 * A program of a user who installed both packages from npm. `scripts/package-check.mjs` runs it outside the repository.
 */
import * as auth from "cxone-auth"
import * as testkit from "cxone-auth-testkit"

console.log(`cxone-auth exports ${Object.keys(auth).join(", ")}`)
console.log(`cxone-auth-testkit exports ${Object.keys(testkit).join(", ")}`)
