/**
 * The folders of packages/cxone-auth/src, from the ground up. A folder imports from the floors below it, and from no
 * folder beside it.
 */
const floors = [
  { token: {}, errors: {} },
  { http: {}, telemetry: {} },
  { lookup: {}, cxone: {} },
  { throttle: {} },
  { environment: {} },
  { exchange: {} },
  { settings: {} },
  { auth: {} },
  { client: {} }
]

const house = "^packages/cxone-auth/src/"
const inside = (folders) => `${house}(${folders.join("|")})/`
const folders = floors.flatMap((floor) => Object.keys(floor))

const arrows = floors.flatMap((floor, i) =>
  Object.keys(floor).map((folder) => {
    const below = floors.slice(0, i).flatMap((lower) => Object.keys(lower))
    return {
      name: `${folder}-imports-from-below`,
      severity: "error",
      from: { path: inside([folder]) },
      to: { path: house, pathNot: inside([folder, ...below]) }
    }
  })
)

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
    {
      name: "every-file-has-a-folder",
      comment: "Only index.ts stands at the root. Name a new folder in `floors`.",
      severity: "error",
      from: { path: house, pathNot: [`${house}index\\.ts$`, inside(folders)] },
      to: {}
    },
    ...arrows
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
