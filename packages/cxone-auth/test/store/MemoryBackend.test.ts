import { Effect, TestClock } from "effect"
import * as MemoryBackend from "../../src/store/MemoryBackend.js"
import { contract } from "./Contract.js"

contract("F1 and F2: memory", {
  isLive: false,
  tells: true,
  open: Effect.sync(() => {
    const store = MemoryBackend.make()
    return { one: store, two: store, pass: TestClock.adjust }
  })
})
