/**
 * Known or suspected differences between CXone systems. Each default is what CXone is known to do. `expiresIn` of
 * `SimulatorOptions` is one more.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatorQuirks {
  /** Whether an access key gets an `id_token` together with its access token; default `issued`. */
  readonly idToken?: "issued" | "omitted" | undefined
  /** Whether an access key gets a refresh token; default `issued`. */
  readonly refreshToken?: "issued" | "omitted" | undefined
  /**
   * The shape of token responses on every token route. By default, each route answers as in CXone: `snake_case`, as in RFC
   * 6749, but `/public/user/refresh` has names of its own. `camelCase` has only `accessToken`, `accessTokenExpiry`,
   * `refreshToken` and `idToken`. `array` puts the default response into an array.
   */
  readonly answer?: "snake_case" | "camelCase" | "array" | undefined
  /**
   * The shape of error responses on every token route: `error` with `error_description`, `error` with `errorDescription`,
   * or `error: { code, message }`. By default, each route answers as in CXone. The identity host uses `snake_case`, except
   * that `/auth/token` answers `{ message }` if a parameter is missing. An area host answers `{ message, statusCode,
   * traceId }`. In every shape, a field `hint` can say what to do, in words that CXone doesn't send.
   */
  readonly errors?: "snake_case" | "camelCase" | "object" | undefined
  /** Whether `cxone-configuration` has its optional fields, such as `area` and `cluster`; default `full`. */
  readonly configuration?: "full" | "minimal" | undefined
  /** Whether `api_endpoint` of `cxone-configuration` ends with a slash; default `plain`, without one. */
  readonly apiEndpoint?: "plain" | "trailing-slash" | undefined
  /**
   * Which Basic credentials are accepted: by default only those that are form-encoded (RFC 6749 §2.3.1); with `raw`
   * also those that are not encoded.
   */
  readonly basic?: "encoded" | "raw" | undefined
}
