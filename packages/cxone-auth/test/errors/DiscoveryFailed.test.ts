import { describe, expect, it } from "@effect/vitest"
import { DiscoveryFailed } from "cxone-auth"

describe("DiscoveryFailed", () => {
  it("says where it was, what came, and what to do", () => {
    const error = new DiscoveryFailed({
      reason: "status",
      document: "openid-configuration",
      url: "https://cxone.niceincontact.com/.well-known/openid-configuration",
      attempts: 4,
      status: 503
    })
    expect(error.message).toBe(
      "https://cxone.niceincontact.com/.well-known/openid-configuration answered 503 in 4 attempts. " +
        "CXone could not serve the request. Try again later."
    )
  })
})
