/**
 * A user, as `GET /api/v2/users/me` answers it. The tokens of an access key and `/auth/userinfo` name its user by `id` and
 * `name`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedUser {
  /** The id; in a claim it is text. Default: the id of the access key. */
  readonly id?: string | number | undefined
  /** The whole name. The claim `given_name` is what stands before its first space. */
  readonly name?: string | undefined
  /** The address, which `/auth/userinfo` answers, too. */
  readonly email?: string | undefined
  /** Anything else. */
  readonly [field: string]: unknown
}

/** Throws a `TypeError` if the answer to `users/me` could not have this user. */
export const requireJson = (whose: string, user: SimulatedUser): void => {
  try {
    JSON.stringify(user)
  } catch {
    throw new TypeError(`CxoneSimulator: the user of ${whose} can't be written as JSON`)
  }
}

/**
 * The user that `GET /api/v2/users/me` returns without the option `user`.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultUser: SimulatedUser = {
  id: "test-user",
  // These letters come out wrong if an app decodes base64url as Latin-1.
  name: "Zoë Ångström-Łukasiewicz",
  email: "test.user@example.com"
}
