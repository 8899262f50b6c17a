import { describe, expect, it } from "@effect/vitest"
import * as Route from "../../src/cxone/Route.js"

describe("C4: a path's ids are not part of its route", () => {
  it.each([
    ["/", "/"],
    ["/api/v2/users/me", "/api/v2/users/me"],
    ["/incontactAPI/services/v33.0/agents/4711/sessions", "/incontactAPI/services/v33.0/agents/{id}/sessions"],
    ["/users/11ea0c31-8ec0-4d60-9f2e-0242ac110003", "/users/{id}"],
    ["/users/jane.doe@example.com", "/users/{id}"],
    ["/users/jane%20doe", "/users/{id}"],
    ["/keys/K3Y1D====", "/keys/{id}"],
    ["/contacts/123456789012/", "/contacts/{id}/"],
    ["/media-playback/v1/contacts/1", "/media-playback/v1/contacts/{id}"],
    ["/queues/sales", "/queues/sales"],
    ["/server-time", "/server-time"]
  ])("%s is %s", (path, shape) => {
    expect(Route.shapeOf(path)).toBe(shape)
  })
})
