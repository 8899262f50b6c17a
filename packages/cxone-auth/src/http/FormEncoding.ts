/**
 * The encoding `application/x-www-form-urlencoded`.
 *
 * @since 0.1.0
 */

/**
 * One name or value as a form writes it (RFC 6749 appendix B).
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)
