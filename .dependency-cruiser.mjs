/**
 * The folders of packages/cxone-auth/src, from the ground up. A folder imports from the floors below it, and from no
 * folder beside it. If a folder has `doors`, other folders import only those files. The folders without are toolboxes:
 * each of their files stands alone, and is a door. index.ts lists the public names, and may import any file.
 */
const floors = [
  { token: {}, telemetry: {}, errors: { doors: ["CxoneAuthError", "NoAnswer", "Phrases"] } },
  { http: {}, lookup: {} },
  { cxone: {} },
  { throttle: { doors: ["Throttle"] }, store: { doors: ["TokenStore", "TokenStoreService"] } },
  { environment: { doors: ["CxoneEnvironment", "Discovery"] } },
  { exchange: { doors: ["TokenSource"] } },
  { settings: { doors: ["CxoneConfig"] } },
  { auth: { doors: ["CxoneAuth"] } },
  { client: { doors: ["CxoneHttpClient"] } }
]

/** The folders of packages/cxone-auth-testkit/src, by the same rules. */
const testkitFloors = [
  { clock: {}, http: {} },
  { faults: {} },
  { options: {} },
  {
    recorder: { doors: ["Recorder"] },
    tenants: { doors: ["Hosts", "Tenants"] },
    transports: { doors: ["MemoryTransport", "SocketTransport"] }
  },
  { tokens: { doors: ["Amendment", "Registry", "TokenGenerator"] } },
  { routes: { doors: ["Routes"] } },
  { simulator: { doors: ["CxoneSimulator"] } }
]

/** The files of packages/cxone-auth-undici/src, which are too few for folders. A file imports from the floors below it. */
const undiciFloors = [
  ["Interruption"],
  ["Connections", "Options", "ResponseBody"],
  ["ContentCoding", "NoProxy", "RequestBody", "Tls", "Tunnel"],
  ["Proxies", "UndiciResponse"],
  ["Description", "Environment"],
  ["Dispatch"],
  ["Client"],
  ["UndiciHttpClient"],
  ["index"]
]

/** The folders of packages/cxone-auth-redis/src. Apps import the adapters. */
const redisFloors = [
  { store: {} },
  {
    ioredis: { doors: ["index"] },
    "node-redis": { doors: ["index"] }
  }
]

const flatHouse = (name, floors) => {
  const src = `^packages/${name}/src/`
  const files = (names) => `${src}(${names.join("|")})\\.ts$`
  return [
    {
      name: `every-file-of-${name}-has-a-floor`,
      severity: "error",
      from: { path: src, pathNot: files(floors.flat()) },
      to: {}
    },
    {
      name: `${name}-is-imported-by-its-name`,
      comment: "Other packages import what index.ts exports.",
      severity: "error",
      from: { pathNot: `^packages/${name}/` },
      to: { path: src, pathNot: `${src}index\\.ts$` }
    },
    ...floors.map((floor, i) => ({
      name: `${name}-${floor.join("-")}-imports-from-below`,
      severity: "error",
      from: { path: files(floor) },
      to: { path: src, pathNot: i === 0 ? "^$" : files(floors.slice(0, i).flat()) }
    }))
  ]
}

const house = (name, floors, entries = "index") => {
  const src = `^packages/${name}/src/`
  const inside = (folders) => `${src}(${folders.join("|")})/`
  const namesOf = (floors) => floors.flatMap(Object.keys)
  const all = namesOf(floors)

  return [
    // A file is seen by what it imports, by who imports it, or as an orphan.
    ...[
      { from: { path: src, pathNot: [`${src}index\\.ts$`, inside(all)] }, to: {} },
      { from: {}, to: { path: src, pathNot: [`${src}index\\.ts$`, inside(all)] } },
      { from: { orphan: true, path: src, pathNot: inside(all) }, to: {} }
    ].map((rule) => ({
      name: `every-file-of-${name}-has-a-folder`,
      comment: "Only index.ts stands at the root. Name a new folder in the floors.",
      severity: "error",
      ...rule
    })),
    {
      name: `${name}-is-imported-by-its-name`,
      comment: "Other packages import what the modules for apps export.",
      severity: "error",
      from: { pathNot: `^packages/${name}/` },
      to: { path: src, pathNot: `${src}(${entries})\\.ts$` }
    },
    ...floors.flatMap((floor, i) =>
      Object.entries(floor).flatMap(([folder, { doors }]) => [
        {
          name: `${name}-${folder}-imports-from-below`,
          severity: "error",
          from: { path: inside([folder]) },
          to: { path: src, pathNot: inside([folder, ...namesOf(floors.slice(0, i))]) }
        },
        {
          name: `${name}-${folder}-has-doors`,
          severity: "error",
          from: { path: inside(all), pathNot: inside([folder]) },
          to: { path: inside([folder]), pathNot: `${inside([folder])}(${doors?.join("|") ?? ".*"})\\.ts$` }
        }
      ])
    )
  ]
}

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
      comment: "`@/` is resolved by `tsc` and by the tests of the examples, as in an app of Next.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^@/" }
    },
    ...house("cxone-auth", floors),
    ...house("cxone-auth-testkit", testkitFloors),
    ...flatHouse("cxone-auth-undici", undiciFloors),
    ...house("cxone-auth-redis", redisFloors, "(ioredis|node-redis)/index")
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
