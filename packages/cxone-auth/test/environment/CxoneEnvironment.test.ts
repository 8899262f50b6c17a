import { describe, expect, it } from "@effect/vitest"
import { CxoneEnvironment } from "cxone-auth"

const api = "https://a.example"

describe("CxoneEnvironment.custom", () => {
  it.each([
    "https://a.example/token",
    "http://localhost:1/token",
    "http://127.0.0.1/",
    "http://127.1.2.3/",
    "http://[::1]:9/"
  ])("S3: takes %s", (tokenEndpoint) => {
    expect(CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: api }).tokenEndpoint).toBe(new URL(tokenEndpoint).href)
  })

  it.each([
    "http://a.example/token",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "http://[::2]/",
    "ftp://a.example/",
    "wss://a.example/",
    "https://user@a.example/",
    "https://:pass@a.example/",
    "/oauth/token",
    "a.example",
    ""
  ])("S3: refuses %j, and names the field", (url) => {
    expect(() => CxoneEnvironment.custom({ tokenEndpoint: url, apiBaseUrl: api })).toThrow(
      /^CxoneEnvironment: tokenEndpoint must/
    )
    expect(() => CxoneEnvironment.custom({ tokenEndpoint: api, apiBaseUrl: url })).toThrow(
      /^CxoneEnvironment: apiBaseUrl must/
    )
  })

  it.each([
    [api, `${api}/`],
    ["HTTPS://Gateway.Example:443/cxone", "https://gateway.example/cxone/"],
    ["https://gateway.example/cxone/?x=1#y", "https://gateway.example/cxone/"]
  ])("C1: the API base URL %s is the folder %s", (apiBaseUrl, folder) => {
    const tokenEndpoint = "https://a.example/token"
    expect(CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl }).apiBaseUrl).toBe(folder)
    expect(CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: new URL(apiBaseUrl) }).apiBaseUrl).toBe(folder)
    expect(CxoneEnvironment.discover({ apiBaseUrl }).apiBaseUrl).toBe(folder)
    expect(CxoneEnvironment.area("na1", { apiBaseUrl }).apiBaseUrl).toBe(folder)
  })

  it("does not follow a URL that is changed later", () => {
    const tokenEndpoint = new URL("https://a.example/token")
    const environment = CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: api })
    tokenEndpoint.host = "evil.example"
    expect(environment.tokenEndpoint).toBe("https://a.example/token")
  })
})

describe("CxoneEnvironment.discover", () => {
  it("is NICE's global issuer unless the app names another", () => {
    expect(CxoneEnvironment.discover().issuer).toBe("https://cxone.niceincontact.com")
    const issuer = "https://cxone-gov.niceincontact.com"
    expect(CxoneEnvironment.discover({ issuer }).issuer).toBe(issuer)
    expect(CxoneEnvironment.discover({ issuer: `${issuer}/?` }).issuer).toBe(issuer)
  })

  it.each([
    "https://cxone.niceincontact.com/auth/token",
    "https://cxone.niceincontact.com/?tenantId=1",
    "https://cxone.niceincontact.com/#x",
    "http://cxone.niceincontact.com",
    "https://me@cxone.niceincontact.com",
    "cxone.niceincontact.com"
  ])("refuses %s as the issuer, and names the field", (issuer) => {
    expect(() => CxoneEnvironment.discover({ issuer })).toThrow(/^CxoneEnvironment: issuer must/)
    expect(() => CxoneEnvironment.area("na1", { host: issuer })).toThrow(/^CxoneEnvironment: host must/)
  })

  it("holds an API base URL to the same rules", () => {
    expect(() => CxoneEnvironment.discover({ apiBaseUrl: "http://a.example" })).toThrow(
      /^CxoneEnvironment: apiBaseUrl must/
    )
  })
})

describe("CxoneEnvironment.area", () => {
  it.each([
    ["na1", "https://na1.nice-incontact.com"],
    ["au1", "https://au1.nice-incontact.com"],
    ["na2", "https://na2.niceincontact.com"],
    ["eu1", "https://eu1.niceincontact.com"],
    ["uk1", "https://uk1.niceincontact.com"],
    ["ca1", "https://ca1.niceincontact.com"],
    ["jp1", "https://jp1.niceincontact.com"],
    ["sg1", "https://sg1.niceincontact.com"]
  ])("%s is at %s", (area, host) => {
    expect(CxoneEnvironment.area(area).host).toBe(host)
  })

  it("takes another host", () => {
    const host = "https://nicecxone-sov1.eu"
    expect(CxoneEnvironment.area("sov1", { host }).host).toBe(host)
  })

  it.each(["", "NA1", "na1.nice-incontact.com", "na1/", "na1@evil.example", "na1#", "-na1", "na1-", "1na", "api-na1"])(
    "S3: refuses %j as a name, because it becomes a part of the host that secrets go to",
    (area) => {
      expect(() => CxoneEnvironment.area(area)).toThrow(/^CxoneEnvironment: area must be a name in lower case/)
    }
  )
})
