import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { SimulatedAccessKey } from "../options/SimulatedTenant.js"
import { mediaTypeHint, missingParameters, type Refusal, refuse } from "./Refusal.js"

/** What a client authenticates with, and how it was sent: `raw` is Basic that is not form-encoded. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly method: "basic" | "post" | "raw"
}

/** A well-formed token request, which may still be refused. */
export interface TokenRequest {
  /** Basic credentials are read in two ways, of which the first may be impossible: form-encoded, and `raw`. */
  readonly credentials: ReadonlyArray<ClientCredentials>
  readonly grantType: string
  /** As it was sent; none if it was left out or is empty. */
  readonly scope: Option.Option<string>
  /** The user name and the password; a refusal if one is missing. */
  readonly accessKey: Either.Either<SimulatedAccessKey, Refusal>
  /** The refresh token; a refusal if it is missing. */
  readonly refreshToken: Either.Either<Redacted.Redacted<string>, Refusal>
}

/** The parameters that are read. Any other is ignored, even if it is repeated as RFC 8707 has it (RFC 6749 §3.2). */
const parameters = [
  "grant_type",
  "scope",
  "client_id",
  "client_secret",
  "username",
  "password",
  "refresh_token"
] as const

type Form = ReadonlyMap<(typeof parameters)[number], string>

/**
 * Reads a token request (RFC 6749 §4.3.2, §4.4.2, §6). It must be a form in which no known parameter is repeated; an empty
 * parameter counts as left out (§3.2). The client must authenticate in exactly one of the two ways of §2.3.1.
 */
export const parse = (incoming: IncomingRequest.IncomingRequest): Either.Either<TokenRequest, Refusal> =>
  Either.gen(function* () {
    const form = yield* parseForm(incoming)
    const grantType = form.get("grant_type")
    if (grantType === undefined) {
      return yield* refuse("invalid_request", missingParameters)
    }
    const credentials = yield* parseClient(incoming, form)
    return {
      credentials,
      grantType,
      scope: Option.fromNullable(form.get("scope")),
      accessKey: parseAccessKey(form),
      refreshToken: parseRefreshToken(form)
    }
  })

/** The client id that a request carries, authenticated or not. */
export const claimedClientId = (incoming: IncomingRequest.IncomingRequest): Option.Option<string> =>
  Option.orElse(
    Option.map(Option.flatMap(IncomingRequest.credentialsOf(incoming, "basic"), splitBasic), ([id]) =>
      Option.getOrElse(formDecode(id), () => id)
    ),
    () => Option.flatMapNullable(Either.getRight(parseForm(incoming)), (form) => form.get("client_id"))
  )

/** The id of the access key that a request carries, authenticated or not: in a form, or in UserHub's JSON. */
export const claimedKeyId = (incoming: IncomingRequest.IncomingRequest): Option.Option<string> =>
  Option.orElse(
    Option.flatMapNullable(Either.getRight(parseForm(incoming)), (form) => form.get("username")),
    () => Option.map(Schema.decodeOption(KeyIdBody)(IncomingRequest.textOf(incoming)), ({ accessKeyId }) => accessKeyId)
  )

const KeyIdBody = Schema.parseJson(Schema.Struct({ accessKeyId: Schema.String }))

const formType = "application/x-www-form-urlencoded"

const parseForm = (incoming: IncomingRequest.IncomingRequest): Either.Either<Form, Refusal> => {
  if (IncomingRequest.mediaTypeOf(incoming) !== formType) {
    return refuse("invalid_request", missingParameters, mediaTypeHint(incoming, formType))
  }
  const sent = new URLSearchParams(IncomingRequest.textOf(incoming))
  if (parameters.some((name) => sent.getAll(name).length > 1)) {
    return refuse("invalid_request", "A parameter is repeated")
  }
  const values = parameters.map((name) => [name, sent.get(name) ?? ""] as const)
  return Either.right(new Map(values.filter(([, value]) => value !== "")))
}

const parseAccessKey = (form: Form): Either.Either<SimulatedAccessKey, Refusal> => {
  const username = form.get("username")
  const password = form.get("password")
  return username === undefined || password === undefined
    ? refuse("invalid_request", missingParameters)
    : Either.right({ accessKeyId: username, accessKeySecret: Redacted.make(password) })
}

const parseRefreshToken = (form: Form): Either.Either<Redacted.Redacted<string>, Refusal> => {
  const token = form.get("refresh_token")
  return token === undefined ? refuse("invalid_request", missingParameters) : Either.right(Redacted.make(token))
}

const parseClient = (
  incoming: IncomingRequest.IncomingRequest,
  form: Form
): Either.Either<ReadonlyArray<ClientCredentials>, Refusal> => {
  const clientId = form.get("client_id")
  const clientSecret = form.get("client_secret")
  // An empty header holds no credentials (RFC 9110 §11.6.2), so it is no second way.
  if ((incoming.headers.authorization ?? "") === "") {
    return clientId === undefined || clientSecret === undefined
      ? refuse("invalid_client", "No client authentication: client_id or client_secret is missing")
      : Either.right([{ clientId, clientSecret: Redacted.make(clientSecret), method: "post" }])
  }
  if (clientSecret !== undefined) {
    return refuse("invalid_request", "The client authenticates in more than one way")
  }
  const candidates = parseBasic(incoming)
  if (candidates.length === 0) {
    return refuse("invalid_client", "The Authorization header holds no Basic credentials")
  }
  const matching = candidates.filter((candidate) => clientId === undefined || clientId === candidate.clientId)
  return matching.length === 0
    ? refuse("invalid_request", "client_id differs from the client of the Authorization header")
    : Either.right(matching)
}

const parseBasic = (incoming: IncomingRequest.IncomingRequest): ReadonlyArray<ClientCredentials> =>
  Option.match(Option.flatMap(IncomingRequest.credentialsOf(incoming, "basic"), splitBasic), {
    onNone: () => [],
    onSome: ([id, secret]) => {
      const decoded = Option.zipWith(formDecode(id), formDecode(secret), basicCredentials("basic"))
      return [...Option.toArray(decoded), basicCredentials("raw")(id, secret)]
    }
  })

const basicCredentials =
  (method: "basic" | "raw") =>
  (clientId: string, clientSecret: string): ClientCredentials => ({
    clientId,
    clientSecret: Redacted.make(clientSecret),
    method
  })

const splitBasic = (encoded: string): Option.Option<readonly [id: string, secret: string]> =>
  Option.flatMap(Either.getRight(Encoding.decodeBase64(encoded)), (bytes) => {
    const pair = IncomingRequest.utf8(bytes)
    const colon = pair.indexOf(":")
    return colon === -1 ? Option.none() : Option.some([pair.slice(0, colon), pair.slice(colon + 1)])
  })

// `URLSearchParams` would accept a stray `%`. This refuses it, so that a client that doesn't encode its secret fails.
const formDecode: (text: string) => Option.Option<string> = Option.liftThrowable((text) =>
  decodeURIComponent(text.replaceAll("+", " "))
)
