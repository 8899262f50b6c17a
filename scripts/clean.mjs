import { rmSync } from "node:fs"

for (const name of ["cxone-auth", "cxone-auth-testkit", "cxone-auth-undici", "cxone-auth-redis"]) {
  rmSync(new URL(`../packages/${name}/dist`, import.meta.url), { recursive: true, force: true })
}
