import type { Endpoint } from "./Fault.js"

/** What is known of a request when it takes a fault. */
export interface Asked {
  readonly endpoint: Endpoint
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Whose request it is: the client of a token request, or of the token of a call. */
  readonly clientId: string | undefined
  /** The tenant of an access key, of the token of a call, or of a discovery document. */
  readonly tenantId: string | undefined
}

/**
 * Which requests take a fault. Of those that are given, all must fit.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestSelector {
  /** The path without the query, exactly or as a pattern. */
  readonly path?: string | RegExp | undefined
  /** The method, in upper case. */
  readonly method?: string | undefined
  /** The id of a tenant: that of the access key, of the call's token, or of the discovery document. */
  readonly tenant?: string | undefined
  /**
   * The id of a client: that of the token request, or of the call's token. An access key without a client names none. Of a
   * call without a valid token, neither the client nor the tenant is known.
   */
  readonly client?: string | undefined
}

/** Why no request can fit this, as the end of a sentence. */
export const objectionTo = ({ method, path }: Pick<RequestSelector, "method" | "path">): string | undefined => {
  if (method !== undefined && !/^[A-Z]+$/.test(method)) {
    return `method is ${method}; write it in capital letters`
  }
  return typeof path === "string" && !/^\/[^?#]*$/.test(path)
    ? `path is ${path}; it begins with a slash, and has no query`
    : undefined
}

export const fits = ({ client, method, path, tenant }: RequestSelector, asked: Asked): boolean =>
  (method === undefined || method === asked.method) &&
  (path === undefined || (typeof path === "string" ? path === asked.path : asked.path.search(path) !== -1)) &&
  (client === undefined || client === asked.clientId) &&
  (tenant === undefined || tenant === asked.tenantId)
