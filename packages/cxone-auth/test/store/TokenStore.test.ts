import { describe, expect, it } from "@effect/vitest"
import { TokenStore } from "cxone-auth"
import * as MemoryBackend from "../../src/store/MemoryBackend.js"

describe("a store that can't work is a TypeError", () => {
  it("which names the operation that is missing", () => {
    for (const backend of [undefined, {}, { ...MemoryBackend.make(), read: undefined }]) {
      // @ts-expect-error Plain JavaScript may pass anything.
      expect(() => TokenStore.layer(backend)).toThrow(
        new TypeError("TokenStore: expected a backend whose read is a function")
      )
    }
  })

  it("if the folder has no path", () => {
    for (const folder of [undefined, 5, "", " "]) {
      // @ts-expect-error Plain JavaScript may pass anything.
      expect(() => TokenStore.layerFileSystem(folder)).toThrow(
        new TypeError("TokenStore: folder must be the path of a folder")
      )
    }
  })
})
