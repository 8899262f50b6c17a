import { describe, expect, it } from "@effect/vitest"
import { parse } from "../src/NoProxy.js"

const exempts = (list: string, url: string) => parse(list, "NO_PROXY").exempts(new URL(url))

const direct: ReadonlyArray<readonly [list: string, url: string]> = [
  ["*", "http://api.example/"],
  ["a.example, *", "http://[fd00::1]/"],
  ["*:8443", "https://api.example:8443/"],
  ["api.example", "http://api.example/"],
  ["API.Example.", "https://api.example/"],
  ["api.example", "http://api.example./"],
  ["example", "http://api.example/"],
  [".example", "http://api.example/"],
  ["*.example", "http://api.example/"],
  [".api.example", "http://api.example/"],
  ["a\tb\n api.example:443", "https://api.example/"],
  ["api.example:080", "http://api.example/"],
  ["m\u00fcnchen.example", "http://m\u00dcnchen.example/"],
  ["10.1.2.3", "http://10.1.2.3/"],
  ["10.1.2.3:8080", "http://10.1.2.3:8080/"],
  ["10.1.2.3", "http://[::ffff:10.1.2.3]/"],
  ["10.0.0.0/8", "http://10.255.0.1/"],
  ["10.1.2.3/8", "http://10.255.0.1/"],
  ["0.0.0.0/0", "http://192.0.2.1/"],
  ["10.0.0.0/8:8080", "http://10.1.2.3:8080/"],
  ["::2", "http://[::2]:8080/"],
  ["::2", "http://[0:0::2]/"],
  ["[::2]", "http://[::2]/"],
  ["[::2]:80", "http://[::2]/"],
  ["2001:DB8::1:443", "http://[2001:db8::1:443]/"],
  ["fd00::/8", "http://[fd12::1]/"],
  ["[fd00::]/8", "http://[fd12::1]/"]
]

const proxied: ReadonlyArray<readonly [list: string, url: string]> = [
  ["", "http://api.example/"],
  ["*:8443", "https://api.example/"],
  ["pi.example", "http://api.example/"],
  ["api.example", "http://example/"],
  ["api.example:443", "http://api.example/"],
  ["10.1.2.3", "http://10.1.2.30/"],
  ["2.3", "http://10.1.2.3/"],
  ["10.0.0.0/8", "http://11.0.0.1/"],
  ["10.0.0.0/8", "http://10.example/"],
  ["0.0.0.0/0", "http://api.example/"],
  ["10.0.0.0/8:8080", "http://10.1.2.3/"],
  ["::2", "http://[::3]/"],
  ["[::2]:443", "http://[::2]/"],
  ["2001:db8::1:443", "https://[2001:db8::1]/"],
  ["fd00::/8", "http://[fe00::1]/"]
]

describe("NO_PROXY", () => {
  it.each(direct)("%j has %s asked directly", (list, url) => {
    expect(exempts(list, url)).toBe(true)
    expect(parse(list, "NO_PROXY").idle).toEqual([])
  })

  it.each(proxied)("%j leaves %s to the proxy", (list, url) => {
    expect(exempts(list, url)).toBe(false)
  })

  it.each([
    "10.*",
    "192.168.",
    "0.0.1",
    "010.0.0.1",
    "10.0.0.0/33",
    "fd00::/129",
    "10.0.0/8",
    "fe80::1%eth0",
    "[::2",
    "api.*.example",
    "*api.example",
    "https://api.example",
    "api.example/path",
    "user@api.example",
    "api.example:port",
    ".",
    "*."
  ])("%j is an entry that matches nothing, and is told", (entry) => {
    expect(parse(`a.example,${entry}`, "NO_PROXY").idle).toEqual([entry.includes("@") ? "entry 2" : entry])
    expect(exempts(entry, "http://api.example/")).toBe(false)
    expect(exempts(entry, "http://10.0.0.1/")).toBe(false)
  })

  it("lists this machine by itself", () => {
    expect(exempts("", "http://localhost:9/")).toBe(true)
    expect(exempts("", "http://[::1]:9/")).toBe(true)
  })
})
