import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as NoAnswer from "./NoAnswer.js"
import {
  bracketed,
  attempts as counted,
  HeldBack,
  orHeldBack,
  Quotation,
  RetryAfter,
  said,
  toJson,
  whenToRetry
} from "./Phrases.js"

interface Details {
  readonly attempts: number
  readonly status?: number
  readonly detail?: string
  readonly url: string
}

const problems = {
  status: ({ attempts, status }: Details) =>
    `answered ${status}${NoAnswer.isTransient(status) ? ` in ${counted(attempts)}` : ""}`,
  redirect: ({ detail, status }: Details) =>
    `answered with a redirect (${status})${detail === undefined ? "" : ` to ${detail}`}, which is not followed`,
  too_large: () => "answered more bytes than such a document needs (maxResponseBytes, 64 KiB by default)",
  not_json: () => "did not answer with a JSON object",
  encoded: ({ detail }: Details) =>
    `answered with an encoded body${bracketed(detail)}, although none was asked for (accept-encoding: identity)`,
  invalid_field: ({ detail }: Details) =>
    detail === "issuer"
      ? "does not say whose document it is (issuer)"
      : `holds no usable ${detail}: it must be an https URL without user name or password`,
  issuer_mismatch: ({ detail, url }: Details) =>
    `is the document of another issuer${bracketed(detail)}, not of ${url.split("/.well-known/")[0]}`,
  tenant_mismatch: () => "answered with the configuration of another tenant",
  no_tenant: () => "was not asked where the API is, because the token names no tenant (claim tenantId)"
}

const reasons = [...NoAnswer.reasons, ...Record.keys(problems)]

/**
 * A discovery document could not be read, or does not say what it should. The message says what to check.
 *
 * @since 0.1.0
 * @category errors
 */
export class DiscoveryFailed extends Schema.TaggedError<DiscoveryFailed>("cxone-auth/DiscoveryFailed")(
  "DiscoveryFailed",
  {
    /**
     * What is wrong. `no_tenant`: the token names no tenant, so the second document was not asked for. Transport failures,
     * time-outs, 408, 429 and 5xx, also those of a proxy (`proxy_refused`), were tried again. `http_client`: the app's
     * `HttpClient` itself failed, most often before it sent anything.
     */
    reason: Schema.Literal(...reasons),
    /**
     * Which document: the issuer's `openid-configuration`, which names the token endpoint, or the tenant's
     * `cxone-configuration`, which names the API.
     */
    document: Schema.Literal("openid-configuration", "cxone-configuration"),
    /** Where the document is, without its query. */
    url: Schema.String,
    /** How many times it was asked for. */
    attempts: Schema.Number,
    /** The status of the answer, or of the proxy that refused, if there was one. */
    status: Schema.optionalWith(Schema.Number, { exact: true }),
    /**
     * The transport's error code, perhaps with more behind a colon, or, if it has none, what it says; the field at fault;
     * the other issuer; where a redirect leads; the body's content coding; or, after a time-out, how long the attempt might
     * take.
     */
    detail: Quotation,
    /** What was looked up or connected to, such as `127.0.0.1:3128`, if it is not the document's host: most likely a proxy. */
    peer: Quotation,
    /** What the server said about it. */
    description: Quotation,
    /**
     * How long from now the document, or a token that names a tenant, is not asked for again. Absent after `transport` and
     * `timeout`.
     */
    retryAfter: RetryAfter,
    /**
     * Whether nothing was sent this time: the failure of an earlier request is given again, in the pause that it began. With
     * `no_tenant` it is false, because nothing is sent for that document at all.
     */
    heldBack: HeldBack
  }
) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    return orHeldBack(this.heldBack, `${this.url} ${this.problem}${said(this.description)}`)
  }

  private get problem(): string {
    const { attempts, reason, url } = this
    const [place, way, right] =
      this.document === "openid-configuration"
        ? ["the issuer (issuer, CXONE_ISSUER)", "", "the issuer is right"]
        : [
            "the issuer or area (CXONE_ISSUER, CXONE_AREA)",
            ", or say where the API is (apiBaseUrl, CXONE_API_BASE_URL)",
            "issuer and area are right"
          ]
    if (isProblem(reason)) {
      const cure =
        reason === "status" && mayPass(this)
          ? `CXone could not serve the request. ${whenToRetry(this.retryAfter)}.`
          : `Check ${place}${way}.`
      const otherwise =
        fromElsewhere.has(reason) && !mayPass(this)
          ? ` If ${right}, something else may answer there, such as a proxy or firewall.`
          : ""
      return `${problems[reason](this)}. ${cure}${otherwise}`
    }
    const why = NoAnswer.asSentences(url, { ...this, reason }, place)
    return `could not be read in ${counted(attempts)}: ${why}`
  }
}

// Answers that a service of NICE's doesn't give.
const fromElsewhere: ReadonlySet<string> = new Set(["status", "redirect", "too_large", "not_json", "encoded"])

const isProblem = (reason: DiscoveryFailed["reason"]): reason is keyof typeof problems => reason in problems

/** Whether another try may help: after a transport failure, a time-out, 408, 429 or 5xx (L7). */
export const mayPass = (error: Pick<DiscoveryFailed, "reason" | "status">): boolean =>
  error.reason === "status" ? NoAnswer.isTransient(error.status) : NoAnswer.mayPass(error)
