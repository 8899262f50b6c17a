/**
 * The floors of packages/cxone-auth/src, bottom first. A room imports from its own floor or from below.
 * A room that is not named stands on the ground floor.
 */
const upperFloors = [
  ["CxoneEnvironment", "OriginGuard"],
  ["TokenPolicy"],
  ["ApiAnswer", "CxoneConfig", "TokenCache", "TokenEndpoint", "TokenRefusal", "TokenRequest", "TokenResponse"],
  ["CxoneAuth"],
  ["CxoneHttpClient"],
  ["index"]
]

const rooms = (floors) => `^packages/cxone-auth/src/(${floors.flat().join("|")})\\.ts$`

const nothingFromAbove = (from, above) => ({
  name: `nothing-from-above-floor-${upperFloors.length - above.length + 1}`,
  comment: "A room of cxone-auth imports from its own floor or from below.",
  severity: "error",
  from,
  to: { path: rooms(above) }
})

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true }
    },
    {
      name: "no-unresolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    },
    nothingFromAbove({ path: "^packages/cxone-auth/src/", pathNot: rooms(upperFloors) }, upperFloors),
    ...upperFloors.slice(0, -1).map((floor, i) => nothingFromAbove({ path: rooms([floor]) }, upperFloors.slice(i + 1)))
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ["import", "default"],
      exportsFields: ["exports"]
    }
  }
}
