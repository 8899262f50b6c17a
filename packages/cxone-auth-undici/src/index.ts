/**
 * @since 0.1.0
 */

/**
 * An `HttpClient` for Node over undici.
 *
 * @since 0.1.0
 */
export * as UndiciHttpClient from "./UndiciHttpClient.js"
