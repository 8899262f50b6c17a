import * as HttpServerResponse from "@effect/platform/HttpServerResponse"

export const notFound = (message = "Not Found"): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ message }, { status: 404 })

/** The answer to any method but these. */
export const notAllowed = (allow: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ message: "Method Not Allowed" }, { status: 405, headers: { allow } })

/** The answer to any method but GET and HEAD. */
export const onlyRead: HttpServerResponse.HttpServerResponse = notAllowed("GET, HEAD")
