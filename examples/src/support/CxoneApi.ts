/** The definition of a part of CXone's API. A client is generated from it. */
import { HttpApi, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { Schema } from "effect"

const User = Schema.Struct({ id: Schema.String, name: Schema.String })

const ServerTime = Schema.Struct({ ServerTime: Schema.String })

const users = HttpApiGroup.make("users").add(HttpApiEndpoint.get("me", "/api/v2/users/me").addSuccess(User))

const system = HttpApiGroup.make("system").add(
  HttpApiEndpoint.get("serverTime", "/incontactAPI/services/v33.0/server-time").addSuccess(ServerTime)
)

export const CxoneApi = HttpApi.make("cxone").add(users).add(system)
