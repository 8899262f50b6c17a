/** What `LayerMap` itself costs: the same map, of layers that hold nothing. */
import { Context, Effect, Layer, LayerMap } from "effect"

class Nothing extends Context.Tag("benchmarks/Nothing")<Nothing, string>() {}

export class EmptyMap extends LayerMap.Service<EmptyMap>()("benchmarks/EmptyMap", {
  lookup: (name: string) => Layer.succeed(Nothing, name),
  idleTimeToLive: "1 hour"
}) {}

export const call = (name: string) => Effect.provide(Nothing, EmptyMap.get(name))
