/**
 * What keeps an app from finding its CXone.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { attempts, Quotation, RetryAfter, said, whenToRetry } from "./Phrases.js"

/**
 * A document of discovery could not be had, or does not say what it should: the issuer's `openid-configuration`, which
 * names the token endpoint, or the tenant's `cxone-configuration`, which names the API's place (facts §2). `detail` is
 * the transport's error code, or the field at fault. `no_tenant`: the token names no tenant, so the second one was not
 * asked for. Transport failures, time-outs, 429 and 5xx were tried again, `attempts` times in all.
 *
 * @since 0.1.0
 * @category errors
 */
export class DiscoveryFailed extends Schema.TaggedError<DiscoveryFailed>("cxone-auth/DiscoveryFailed")(
  "DiscoveryFailed",
  {
    reason: Schema.Literal(
      "transport",
      "timeout",
      "status",
      "redirect",
      "too_large",
      "not_json",
      "invalid_field",
      "issuer_mismatch",
      "tenant_mismatch",
      "no_tenant"
    ),
    document: Schema.Literal("openid-configuration", "cxone-configuration"),
    url: Schema.String,
    attempts: Schema.Number,
    status: Schema.optionalWith(Schema.Number, { exact: true }),
    detail: Quotation,
    description: Quotation,
    retryAfter: RetryAfter
  }
) {
  override get message(): string {
    return `${this.problem} ${this.cure}${said(this.description)}`
  }

  private get problem(): string {
    const detail = this.detail === undefined ? "" : ` (${this.detail})`
    switch (this.reason) {
      case "transport":
        return `${this.url} could not be reached in ${attempts(this.attempts)}${detail}.`
      case "timeout":
        return `${this.url} gave no complete answer in ${attempts(this.attempts)}.`
      case "status":
        return `${this.url} answered ${this.status}${mayPass(this) ? ` in ${attempts(this.attempts)}` : ""}.`
      case "redirect":
        return `${this.url} answered with a redirect (${this.status}), which is not followed.`
      case "too_large":
        return `${this.url} answered more bytes than such a document needs (maxAnswerBytes, 64 KiB by default).`
      case "not_json":
        return `${this.url} did not answer with a JSON object.`
      case "invalid_field":
        return this.detail === "issuer"
          ? `${this.url} does not say whose document it is (issuer).`
          : `${this.url} holds no usable ${this.detail}: it must be an https URL without user name or password.`
      case "issuer_mismatch":
        return `${this.url} is the document of another issuer.`
      case "tenant_mismatch":
        return `${this.url} answered with the configuration of another tenant.`
      case "no_tenant":
        return `The token names no tenant (claim tenantId), so ${this.url} was not asked where the API is.`
    }
  }

  private get cure(): string {
    const network = "DNS, and the proxy or firewall in between"
    const place = this.document === "openid-configuration" ? "the issuer (issuer, CXONE_ISSUER)" : this.placeOfTenant
    switch (this.reason) {
      case "transport":
      case "timeout":
        return `Check ${place}, ${network}.`
      case "status":
        return mayPass(this) ? `This is CXone's side. ${whenToRetry(this.retryAfter)}.` : `Check ${place}.`
      default:
        return `Check ${place}.`
    }
  }

  private get placeOfTenant(): string {
    return "the issuer or area (CXONE_ISSUER, CXONE_AREA), or say where the API is (apiBaseUrl, CXONE_API_BASE_URL)"
  }
}

/**
 * Whether it may help to try again: after a transport failure, a time-out, 408, 429 or 5xx (L7).
 *
 * @since 0.1.0
 * @category predicates
 */
export const mayPass = ({ reason, status = 0 }: Pick<DiscoveryFailed, "reason" | "status">): boolean =>
  reason === "transport" ||
  reason === "timeout" ||
  (reason === "status" && (status === 408 || status === 429 || status >= 500))
