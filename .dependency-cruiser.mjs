/**
 * The folders of packages/cxone-auth/src, from the ground up. A folder imports from the floors below it, and from no
 * folder beside it. If a folder has `doors`, other folders import only those files. The folders without are toolboxes:
 * each of their files stands alone, and is a door. index.ts lists the public names, and may import any file.
 */
const floors = [
  { http: {}, token: {}, telemetry: {}, errors: { doors: ["CxoneAuthError"] } },
  { lookup: {}, cxone: {} },
  { throttle: { doors: ["Throttle"] } },
  { environment: { doors: ["CxoneEnvironment", "Discovery"] } },
  { exchange: { doors: ["TokenSource"] } },
  { settings: { doors: ["CxoneConfig"] } },
  { auth: { doors: ["CxoneAuth"] } },
  { client: { doors: ["CxoneHttpClient"] } }
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

const doors = floors.flatMap((floor) =>
  Object.entries(floor).flatMap(([folder, { doors }]) =>
    doors === undefined
      ? []
      : {
          name: `${folder}-has-a-door`,
          severity: "error",
          from: { path: house, pathNot: [inside([folder]), `${house}index\\.ts$`] },
          to: { path: inside([folder]), pathNot: `${inside([folder])}(${doors.join("|")})\\.ts$` }
        }
  )
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
    ...arrows,
    ...doors
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
