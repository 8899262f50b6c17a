/**
 * Reading a token request, and refusing one that is malformed.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { SimulatedAccessKey } from "../options/SimulatedTenant.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"

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
    | "invalid_grant"
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
 * The words of CXone for a body that lacks what a token request needs, as one in JSON does (facts §4a).
 *
 * @since 0.1.0
 * @category constants
 */
export const missingParameters = "Missing required body parameters"

/**
 * What is behind an access key; or why there is nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const orBadAccessKey = <A>(owner: Option.Option<A>): Either.Either<A, Refusal> =>
  Either.fromOption(owner, () => ({
    error: "invalid_grant",
    description: "The access key is unknown or inactive, or its secret is another"
  }))

/**
 * How a client proves who it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proof {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly method: "basic" | "post"
}

/**
 * A token request that is well-formed. Whether it is granted is another question.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenRequest {
  /** More than one where Basic credentials can be read in two ways. */
  readonly proofs: ReadonlyArray<Proof>
  readonly grantType: string
  /** As it was sent; none if it was left out or is empty. */
  readonly scope: Option.Option<string>
  /** Its user name and password; a refusal if one is missing. */
  readonly accessKey: Either.Either<SimulatedAccessKey, Refusal>
}

type Form = ReadonlyMap<string, string>

/**
 * Reads a token request (RFC 6749 §4.3.2, §4.4.2): a form in which no parameter stands twice and an empty one counts as
 * left out (§3.2), from a client that proves itself in exactly one of the two ways of §2.3.1.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (
  incoming: IncomingRequest.IncomingRequest,
  basic: SimulatorQuirks["basic"]
): Either.Either<TokenRequest, Refusal> =>
  Either.gen(function* () {
    const form = yield* parseForm(incoming)
    const grantType = form.get("grant_type")
    if (grantType === undefined) {
      return yield* refuse("invalid_request", missingParameters)
    }
    const proofs = yield* parseProofs(incoming, form, basic)
    return { proofs, grantType, scope: Option.fromNullable(form.get("scope")), accessKey: parseAccessKey(form) }
  })

/**
 * The client that a request says it comes from, proven or not; none if it names none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const claimedClientId = (incoming: IncomingRequest.IncomingRequest): Option.Option<string> =>
  Option.orElse(
    Option.map(Option.flatMap(credentialsOf(incoming, "basic"), splitBasic), ([id]) =>
      Option.getOrElse(formDecode(id), () => id)
    ),
    () => Option.flatMapNullable(Either.getRight(parseForm(incoming)), (form) => form.get("client_id"))
  )

/**
 * What follows the scheme in the `Authorization` header, if that is the scheme (RFC 9110 §11.4: in any case).
 *
 * @since 0.1.0
 * @category decoding
 */
export const credentialsOf = (
  incoming: IncomingRequest.IncomingRequest,
  scheme: "basic" | "bearer"
): Option.Option<string> => {
  const [name = "", rest = ""] = (incoming.headers.authorization ?? "").trim().split(/ +(.*)/s, 2)
  return name.toLowerCase() === scheme ? Option.some(rest) : Option.none()
}

const parseForm = (incoming: IncomingRequest.IncomingRequest): Either.Either<Form, Refusal> => {
  if (IncomingRequest.mediaTypeOf(incoming) !== "application/x-www-form-urlencoded") {
    return refuse("invalid_request", missingParameters)
  }
  const parameters = Array.from(new URLSearchParams(IncomingRequest.textOf(incoming)))
  if (new Set(parameters.map(([name]) => name)).size < parameters.length) {
    return refuse("invalid_request", "A parameter is repeated")
  }
  return Either.right(new Map(parameters.filter(([, value]) => value !== "")))
}

const parseAccessKey = (form: Form): Either.Either<SimulatedAccessKey, Refusal> => {
  const username = form.get("username")
  const password = form.get("password")
  return username === undefined || password === undefined
    ? refuse("invalid_request", missingParameters)
    : Either.right({ accessKeyId: username, accessKeySecret: Redacted.make(password) })
}

const parseProofs = (
  incoming: IncomingRequest.IncomingRequest,
  form: Form,
  basic: SimulatorQuirks["basic"]
): Either.Either<ReadonlyArray<Proof>, Refusal> => {
  const clientId = form.get("client_id")
  const clientSecret = form.get("client_secret")
  if (incoming.headers.authorization === undefined) {
    return clientId === undefined || clientSecret === undefined
      ? refuse("invalid_client", "No client authentication: client_id or client_secret is missing")
      : Either.right([{ clientId, clientSecret: Redacted.make(clientSecret), method: "post" }])
  }
  if (clientSecret !== undefined) {
    return refuse("invalid_request", "The client authenticates in more than one way")
  }
  const proofs = parseBasic(incoming, basic)
  if (proofs.length === 0) {
    return refuse("invalid_client", "The Authorization header holds no Basic credentials")
  }
  const named = proofs.filter((proof) => clientId === undefined || clientId === proof.clientId)
  return named.length === 0
    ? refuse("invalid_request", "client_id is not the client of the Authorization header")
    : Either.right(named)
}

const parseBasic = (incoming: IncomingRequest.IncomingRequest, basic: SimulatorQuirks["basic"]): ReadonlyArray<Proof> =>
  Option.match(Option.flatMap(credentialsOf(incoming, "basic"), splitBasic), {
    onNone: () => [],
    onSome: ([id, secret]) => {
      const decoded = Option.toArray(Option.zipWith(formDecode(id), formDecode(secret), proofByBasic))
      return basic === "raw" ? [...decoded, proofByBasic(id, secret)] : decoded
    }
  })

const proofByBasic = (clientId: string, clientSecret: string): Proof => ({
  clientId,
  clientSecret: Redacted.make(clientSecret),
  method: "basic"
})

const splitBasic = (encoded: string): Option.Option<readonly [id: string, secret: string]> =>
  Option.flatMap(Either.getRight(Encoding.decodeBase64String(encoded)), (pair) => {
    const colon = pair.indexOf(":")
    return colon === -1 ? Option.none() : Option.some([pair.slice(0, colon), pair.slice(colon + 1)])
  })

// Stricter than `URLSearchParams`, which takes a stray `%` as it is: a client that doesn't encode shall be found out.
const formDecode: (text: string) => Option.Option<string> = Option.liftThrowable((text) =>
  decodeURIComponent(text.replaceAll("+", " "))
)
