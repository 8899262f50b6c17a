import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Option from "effect/Option"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import type { GrantService } from "../options/Grant.js"
import { claimsOfUser } from "../tokens/Registry.js"
import * as JsonResponse from "./JsonResponse.js"

/** The `userinfo_endpoint` of the openid-configuration. */
export const userinfoPath = "/auth/userinfo"

/**
 * The claims of the user whose token this is (OpenID Connect Core §5.3.2). A client's own token has no user: there is no
 * answer to it.
 */
export const answer = (
  { method }: IncomingRequest,
  { accessKeyId, user }: GrantService
): Option.Option<HttpServerResponse.HttpServerResponse> =>
  accessKeyId === undefined
    ? Option.none()
    : Option.some(
        method === "GET" || method === "HEAD" || method === "POST"
          ? HttpServerResponse.unsafeJson(claimsOfUser({ accessKeyId, user }))
          : JsonResponse.notAllowed("GET, HEAD, POST")
      )
