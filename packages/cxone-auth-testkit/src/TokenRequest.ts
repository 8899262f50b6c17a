/**
 * Reading a token request, and refusing one that is malformed.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Incoming from "./Incoming.js"

/**
 * Why a token request is refused: an error code of RFC 6749 §5.2 with what to say about it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly error:
    | "invalid_request"
    | "invalid_client"
    | "unauthorized_client"
    | "unsupported_grant_type"
    | "invalid_scope"
  readonly description: string
}

/**
 * Builds a refusal, as the left side of a result.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refuse = (error: Refusal["error"], description: string): Either.Either<never, Refusal> =>
  Either.left({ error, description })

/**
 * A token request that is well-formed. Whether it is granted is another question.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenRequest {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly grantType: string
  /** As it was sent; none if it was left out or is empty. */
  readonly scope: Option.Option<string>
}

type Form = ReadonlyMap<string, string>
type Proof = Pick<TokenRequest, "clientId" | "clientSecret">

/**
 * Reads a token request (RFC 6749 §4.4.2): a form in which no parameter stands twice and an empty one counts as left
 * out (§3.2), from a client that proves itself in exactly one of the two ways of §2.3.1.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (incoming: Incoming.Incoming): Either.Either<TokenRequest, Refusal> =>
  Either.gen(function* () {
    const form = yield* parseForm(incoming)
    const grantType = form.get("grant_type")
    if (grantType === undefined) {
      return yield* refuse("invalid_request", "Missing required body parameters: grant_type")
    }
    const proof = yield* parseProof(incoming, form)
    return { ...proof, grantType, scope: Option.fromNullable(form.get("scope")) }
  })

/**
 * The client that a request says it comes from, proven or not; none if it names none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const claimedClientId = (incoming: Incoming.Incoming): Option.Option<string> =>
  Option.orElse(
    Option.map(Option.flatMap(credentialsOf(incoming, "basic"), parseBasic), ({ clientId }) => clientId),
    () => Option.flatMapNullable(Either.getRight(parseForm(incoming)), (form) => form.get("client_id"))
  )

/**
 * What follows the scheme in the `Authorization` header, if that is the scheme (RFC 9110 §11.4: in any case).
 *
 * @since 0.1.0
 * @category decoding
 */
export const credentialsOf = (incoming: Incoming.Incoming, scheme: "basic" | "bearer"): Option.Option<string> => {
  const [name = "", rest = ""] = (incoming.headers.authorization ?? "").trim().split(/ +(.*)/s, 2)
  return name.toLowerCase() === scheme ? Option.some(rest) : Option.none()
}

const parseForm = (incoming: Incoming.Incoming): Either.Either<Form, Refusal> => {
  if (Incoming.mediaTypeOf(incoming) !== "application/x-www-form-urlencoded") {
    // The words of CXone for a body that is JSON (facts §4a).
    return refuse("invalid_request", "Missing required body parameters")
  }
  const parameters = Array.from(new URLSearchParams(Incoming.textOf(incoming)))
  if (new Set(parameters.map(([name]) => name)).size < parameters.length) {
    return refuse("invalid_request", "A parameter is repeated")
  }
  return Either.right(new Map(parameters.filter(([, value]) => value !== "")))
}

const parseProof = (incoming: Incoming.Incoming, form: Form): Either.Either<Proof, Refusal> => {
  const clientId = form.get("client_id")
  const clientSecret = form.get("client_secret")
  if (incoming.headers.authorization === undefined) {
    return clientId === undefined || clientSecret === undefined
      ? refuse("invalid_client", "No client authentication: client_id or client_secret is missing")
      : Either.right({ clientId, clientSecret: Redacted.make(clientSecret) })
  }
  if (clientSecret !== undefined) {
    return refuse("invalid_request", "The client authenticates in more than one way")
  }
  return Option.match(Option.flatMap(credentialsOf(incoming, "basic"), parseBasic), {
    onNone: () => refuse("invalid_client", "The Authorization header holds no Basic credentials"),
    onSome: (proof) =>
      clientId === undefined || clientId === proof.clientId
        ? Either.right(proof)
        : refuse("invalid_request", "client_id is not the client of the Authorization header")
  })
}

const parseBasic = (encoded: string): Option.Option<Proof> =>
  Option.gen(function* () {
    const pair = yield* Either.getRight(Encoding.decodeBase64String(encoded))
    const colon = pair.indexOf(":")
    if (colon === -1) {
      return yield* Option.none()
    }
    const clientId = yield* formDecode(pair.slice(0, colon))
    const clientSecret = yield* formDecode(pair.slice(colon + 1))
    return { clientId, clientSecret: Redacted.make(clientSecret) }
  })

// Stricter than `URLSearchParams`, which takes a stray `%` as it is: a client that doesn't encode shall be found out.
const formDecode: (text: string) => Option.Option<string> = Option.liftThrowable((text) =>
  decodeURIComponent(text.replaceAll("+", " "))
)
