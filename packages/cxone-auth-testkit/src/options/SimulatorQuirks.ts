/**
 * The ways in which one CXone differs from another.
 *
 * @since 0.1.0
 */

/**
 * What CXone has been seen, or is suspected, to do differently from place to place. Each default is what it is known to
 * do. `expiresIn`, the oldest of them, is an option of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatorQuirks {
  /** Whether an access key gets an `id_token` beside its access token; default `issued`. */
  readonly idToken?: "issued" | "omitted"
  /** Whether it gets a refresh token; default `issued`. The simulator has no use for one, as back-end apps have none. */
  readonly refreshToken?: "issued" | "omitted"
  /**
   * The shape in which every token route hands out tokens; default `snake_case`, as RFC 6749. `camelCase` has
   * `accessToken`, `accessTokenExpiry`, `refreshToken` and `idToken`, and nothing else; `array` is the default in an
   * array of one.
   */
  readonly answer?: "snake_case" | "camelCase" | "array"
  /**
   * The shape in which every token route refuses: `error` with `error_description`, or with `errorDescription`, or
   * `error: { code, message }`. By default each does as it does in CXone: `snake_case` on the identity host, but
   * `{ message }` for a body that lacks what `/auth/token` needs; `{ message, statusCode, traceId }` on an area host.
   */
  readonly errors?: "snake_case" | "camelCase" | "object"
  /** Whether `cxone-configuration` has the fields that are optional, such as `area` and `cluster`; default `full`. */
  readonly configuration?: "full" | "minimal"
  /** How `cxone-configuration` writes `api_endpoint`: without a slash at its end, the default, or with one. */
  readonly apiEndpoint?: "plain" | "trailing-slash"
  /**
   * Which Basic credentials are read: those that are form-encoded, as RFC 6749 §2.3.1 wants them, the default; or with
   * `raw` also those that are not.
   */
  readonly basic?: "encoded" | "raw"
}
