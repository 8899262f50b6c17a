import * as Contracts from "./support/Contracts.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"

Contracts.define(shared(RedisServer.started()), { ioredis: 5, redis: 6 })
