/**
 * The floors of packages/cxone-auth/src, bottom first. A room imports from its own floor or from below, and every room
 * has a floor.
 */
const floors = [
  [
    "AccessToken",
    "ApiError",
    "AuthenticatedHttpClient",
    "BoundedDuration",
    "CallOptions",
    "CallerResponse",
    "Challenge",
    "ClientAuth",
    "Credentials",
    "CxoneError",
    "CxoneHosts",
    "DiscoveryFailed",
    "ErrorBody",
    "ErrorText",
    "Flight",
    "FormEncoding",
    "JsonFields",
    "Metrics",
    "Quote",
    "Repetition",
    "ResponseBody",
    "RetryAfter",
    "ScopeSet",
    "SecureUrl",
    "Telemetry",
    "TokenError",
    "TokenMemory",
    "TokenSlot",
    "Transport",
    "TransportFailure"
  ],
  ["CxoneEnvironment", "OriginGuard"],
  [
    "LimitedRequest",
    "MixUps",
    "RateGate",
    "RateGates",
    "Settings",
    "SharedLookup",
    "Suitability",
    "TokenPolicy",
    "WaitingLine"
  ],
  [
    "ApiAnswer",
    "CxoneConfig",
    "Discovery",
    "FixedAnswer",
    "RefusalMemory",
    "TokenAccess",
    "TokenCache",
    "TokenEndpoint",
    "TokenExchange",
    "TokenRefusal",
    "TokenRequest",
    "TokenResponse",
    "TokenSource",
    "TokenStatus",
    "WellKnown"
  ],
  ["CxoneAuth"],
  ["ApiCall", "CxoneHttpClient"],
  ["index"]
]

const house = "^packages/cxone-auth/src/"
const rooms = (floors) => `${house}(${floors.flat().join("|")})\\.ts$`

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
      name: "every-room-has-a-floor",
      comment: "Name the room in `floors`.",
      severity: "error",
      from: {},
      to: { path: house, pathNot: rooms(floors) }
    },
    ...floors.slice(0, -1).map((floor, i) => ({
      name: `nothing-from-above-floor-${i + 1}`,
      severity: "error",
      from: { path: rooms([floor]) },
      to: { path: rooms(floors.slice(i + 1)) }
    }))
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
