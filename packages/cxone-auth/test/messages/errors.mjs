/**
 * An example of every error of the library, for `docs/errors.md`. A tag has its `reasons`. Each says what was sent, and
 * has one error for each case that changes the message. A case is the fields that its error has beside `fields`, which all
 * errors of the tag share.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { objectionIn } from "../../dist/auth/Compatibility.js"
import * as ErrorBody from "../../dist/cxone/ErrorBody.js"
import * as ClientAuth from "../../dist/exchange/ClientAuth.js"
import {
  Credentials,
  CredentialsUnavailable,
  CxoneEnvironment,
  DiscoveryFailed,
  ForeignOrigin,
  InsufficientScope,
  InvalidClient,
  InvalidToken,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "../../dist/index.js"

const tokenEndpoint = "https://cxone.niceincontact.com/auth/token"
const gateway = "https://platform.nice-ic.com/oauth/token"
const issuer = "https://cxone.niceincontact.com"
const api = "https://api-na1.niceincontact.com"
const retryAfter = Duration.seconds(30)

/** The second document of discovery. */
const ofTenant = { document: "cxone-configuration", url: `${issuer}/.well-known/cxone-configuration` }

const client = { clientId: "reporting-job", clientSecret: Redacted.make("s3cr3t") }
const key = { accessKeyId: "QUJD====", accessKeySecret: Redacted.make("REVG====") }

/** What is wrong with a proof of the client. */
const wrongWith = (clientAuth) => Either.getOrThrow(Either.flip(ClientAuth.run({ ...client, clientAuth })))

/** What an error quotes of an answer with this body. */
const quoted = (body) => ErrorBody.quoted(ErrorBody.parse(Option.some(body), {}), [])
const saying = (text) => quoted(JSON.stringify({ error_description: text }))

const nothing = "Nothing was sent."
const noSecret = "No secret was sent: the document is public."
const asked = "The token request was sent."
const refused = "The credentials were sent, and refused."
const notThisCall = "This call was not sent."

export const errors = [
  {
    class: CredentialsUnavailable,
    fields: {},
    reasons: {
      failed: {
        sent: nothing,
        cases: { "the failure has a tag or name": { detail: "VaultError" }, "it has none": {} }
      },
      timeout: { sent: nothing, cases: { always: { detail: "10s" }, "the time is not known": {} } },
      unsuitable: {
        sent: nothing,
        cases: {
          "a key alone, at an issuer": {
            detail: objectionIn(CxoneEnvironment.discover())(Credentials.accessKeyOnly(key))
          },
          "a constructor of Credentials refused them": { detail: "Credentials.clientSecret: clientSecret is empty" },
          "no credentials": { detail: objectionIn(CxoneEnvironment.region("us"))(undefined) },
          "a client alone, at NICE's issuer": {
            detail: objectionIn(CxoneEnvironment.discover())(Credentials.clientSecret(client))
          },
          "an access key, at the gateway": {
            detail: objectionIn(CxoneEnvironment.region("us"))(Credentials.accessKeyOnly(key))
          },
          "a client, at an area": {
            detail: objectionIn(CxoneEnvironment.area("na1"))(Credentials.clientSecret(client))
          }
        }
      },
      client_auth: {
        sent: nothing,
        cases: {
          "the function threw an error with a name": { detail: "SignatureError" },
          "it threw something else": {},
          "it returned no form": { detail: wrongWith(() => ({})) },
          "it is async": { detail: wrongWith(async () => ({ form: {}, headers: {} })) },
          "it returned no headers": { detail: wrongWith(() => ({ form: {}, headers: { authorization: "Basic" } })) },
          "it returned a header with a line break, or one of the connection": {
            detail: wrongWith(() => ({ form: {}, headers: { host: Redacted.make("example.com") } }))
          }
        }
      }
    }
  },
  {
    class: InvalidClient,
    fields: { tokenEndpoint, status: 401, retryAfter },
    reasons: {
      invalid_client: {
        sent: refused,
        cases: {
          "a client alone": {},
          "with the words of the server": saying("unknown client"),
          "with a sentence of the server": saying("The client is unknown."),
          "with words that may not be shown": saying("4ca1-9e07"),
          "during a rotation, with the current and the next secret": { bothRefused: true },
          "no pause is known": { retryAfter: undefined },
          "again, in the pause": { heldBack: true },
          "a client alone, and a 401 without a reason": { isGuess: true },
          "a client alone, and a 401 with a code that no standard has": { isGuess: true, error: "access_denied" },
          "a client alone, at the platform gateway": {
            tokenEndpoint: gateway,
            environment: "region",
            suspects: ["gateway"]
          },
          "a secret in quotes": { suspects: ["quotes"], suspectFields: ["clientSecret"] },
          "an id and a secret in quotes": { suspects: ["quotes"], suspectFields: ["clientId", "clientSecret"] },
          "something is in quotes": { suspects: ["quotes"] },
          "a secret with a space in it": { suspects: ["unusual_character"], suspectFields: ["clientSecret"] },
          "an access key that looks like a client": {
            credentials: "AccessKey",
            reason: "invalid_grant",
            suspects: ["client_pair"]
          },
          "a key's id and secret in quotes": {
            credentials: "AccessKeyOnly",
            environment: "area",
            suspects: ["quotes"],
            suspectFields: ["accessKeyId", "accessKeySecret"]
          },
          "at an issuer": { credentials: "AccessKey", environment: "discover" },
          "at a custom endpoint": { environment: "custom" },
          "an id that looks like a secret": { suspects: ["swapped"] },
          "a secret with a line break in it": { suspects: ["line_break"], suspectFields: ["clientSecret"] },
          "a secret such as ${SECRET}": { suspects: ["placeholder"], suspectFields: ["clientSecret"] },
          "an access key's secret as the client's": { suspects: ["key_secret"] },
          "a secret that looks percent-encoded": { suspects: ["percent_encoded"], suspectFields: ["clientSecret"] },
          "a 401 without a reason, at a path that is no token endpoint": {
            tokenEndpoint: `${api}/incontactapi`,
            isGuess: true,
            suspects: ["other_path"]
          },
          "a client with an access key": { credentials: "AccessKey" },
          "a client with an access key, and a 401 without a reason": { credentials: "AccessKey", isGuess: true }
        }
      },
      invalid_grant: {
        sent: refused,
        cases: {
          "a client alone": { status: 400 },
          "a client with an access key": { status: 400, credentials: "AccessKey" },
          "an access key alone": { credentials: "AccessKeyOnly", isGuess: true }
        }
      },
      unauthorized_client: {
        sent: refused,
        cases: {
          "a client alone": { status: 400 },
          "a client with an access key": { status: 400, credentials: "AccessKey" }
        }
      },
      unsupported_grant_type: { sent: refused, cases: { "a client alone": { status: 400 } } }
    }
  },
  {
    class: InsufficientScope,
    fields: { origin: issuer, requested: ["read:users", "write:users"], granted: [], required: [] },
    reasons: {
      invalid_scope: {
        sent: "The token request was sent, and refused.",
        cases: {
          always: { retryAfter },
          "with the words of the server": { retryAfter, ...saying("scope not allowed") },
          "again, in the pause": { retryAfter, heldBack: true },
          "offline_access is requested": { retryAfter, requested: ["offline_access"] },
          "none are requested": { retryAfter, requested: [] },
          "a scope has a comma": { retryAfter, requested: ["read:users,write:users"] }
        }
      },
      insufficient_scope: {
        sent: "The call was sent, and refused.",
        cases: {
          "the API names the scopes": { origin: api, granted: ["read:users"], required: ["write:users"] },
          "the token has those that it names": { origin: api, granted: ["read:users"], required: ["read:users"] },
          "it names none": { origin: api, granted: ["read:users"] },
          "the token has none": { origin: api, requested: [] }
        }
      },
      not_supported: { sent: nothing, cases: { always: {} } }
    }
  },
  {
    class: RateLimited,
    fields: { origin: api, route: "GET /incontactapi/services/v30.0/agents/{id}", retryAfter },
    reasons: {
      token_endpoint: {
        sent: asked,
        cases: {
          "again, in the pause": { origin: issuer, route: undefined, heldBack: true },
          "with Retry-After": { origin: issuer, route: undefined },
          "the pause has just ended": { origin: issuer, route: undefined, retryAfter: Duration.zero },
          "no time is known": { origin: issuer, route: undefined, retryAfter: undefined },
          "with the words of the server": { origin: issuer, route: undefined, ...saying("too many requests") }
        }
      },
      api: {
        sent: "The call was sent, and not served.",
        cases: {
          429: {},
          "429, without Retry-After": { retryAfter: undefined },
          "429 for the whole origin": { route: undefined },
          503: { status: 503 },
          "429 to a POST that may wait": {
            route: "POST /incontactapi/services/v30.0/agents",
            notSentAgain: "not_idempotent"
          },
          "429 to an upload that may wait": { route: "PUT /files/{id}", notSentAgain: "stream_body" },
          "503 to a call that may not wait so long": { status: 503, notSentAgain: "wait_too_short" }
        }
      },
      held_back: {
        sent: notThisCall,
        cases: {
          "a call that does not wait": {},
          "for the whole origin": { route: undefined },
          "a call that may not wait so long": { notSentAgain: "wait_too_short" }
        }
      },
      too_many_waiting: { sent: notThisCall, cases: { always: {} } }
    }
  },
  {
    class: InvalidToken,
    fields: { origin: api },
    reasons: {
      refused_again: {
        sent: "The call was sent, and refused.",
        cases: {
          "with the code of the API": { error: "invalid_token", retryAfter: Duration.seconds(1) },
          "without a code": { retryAfter: Duration.seconds(1) },
          "with the words of the API, and without a pause": { error: "invalid_token", ...saying("token expired") }
        }
      },
      too_many_renewals: {
        sent: "The call was sent, and refused.",
        cases: { always: { error: "invalid_token", retryAfter } }
      },
      body_not_replayable: {
        sent: "The call was sent once, and refused.",
        cases: { always: { error: "invalid_token" } }
      }
    }
  },
  {
    class: TokenEndpointUnavailable,
    fields: { tokenEndpoint, environment: "discover", attempts: 4 },
    reasons: {
      transport: {
        sent: "The token request was not sent, or broke off.",
        cases: {
          "the host refuses the connection": { detail: "ECONNREFUSED" },
          "the same, at the platform gateway": {
            tokenEndpoint: gateway,
            environment: "region",
            detail: "ECONNREFUSED"
          },
          "the same, at an area": {
            tokenEndpoint: "https://na1.niceincontact.com/authentication/v1/token/access-key",
            environment: "area",
            detail: "ECONNREFUSED"
          },
          "the same, at a custom endpoint": {
            tokenEndpoint: "https://gateway.example.com/token",
            environment: "custom",
            detail: "ECONNREFUSED"
          },
          "the connection breaks off": { detail: "ECONNRESET" },
          "it breaks off, at an http:// URL": {
            tokenEndpoint: "http://127.0.0.1:8443/token",
            detail: "UND_ERR_SOCKET"
          },
          "the host wants a certificate of the client": { detail: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" },
          "the host has only old versions of TLS": { detail: "ERR_SSL_UNSUPPORTED_PROTOCOL" },
          "what answers does not speak HTTP": { detail: "HPE_INVALID_CONSTANT" },
          "the same, without a code": { detail: "HTTPParserError: Response does not match" },
          "the body is not what it says": { detail: "Z_DATA_ERROR" },
          "the host sends no headers": { detail: "UND_ERR_HEADERS_TIMEOUT" },
          "the same, and the transport says how long it waited": {
            detail: "UND_ERR_HEADERS_TIMEOUT: headersTimeout 8s"
          },
          "the body stops": { detail: "UND_ERR_BODY_TIMEOUT" },
          "it is not connected in time, through a proxy": {
            detail: "UND_ERR_CONNECT_TIMEOUT: connectTimeout 5s, through the proxy at 127.0.0.1:3128"
          },
          "the transport has another code": { detail: "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR" },
          "it has none": {},
          "it was tried once": { attempts: 1, detail: "ENOTFOUND" },
          "what answers does not speak TLS": { detail: "ERR_SSL_WRONG_VERSION_NUMBER" },
          "a dead proxy": { detail: "ECONNREFUSED", peer: "127.0.0.1:3128" },
          "a proxy's name that DNS does not know": { detail: "ENOTFOUND", peer: "proxy.example.com" },
          "a proxy's name that DNS can't look up now": { detail: "EAI_AGAIN", peer: "proxy.example.com" },
          "a proxy that can't be reached": { detail: "EHOSTUNREACH", peer: "10.0.0.9:3128" },
          "a proxy that opens no tunnel": { detail: "ERR_PROXY_TUNNEL", peer: "127.0.0.1:3128" },
          "the same, and which proxy is not known": { detail: "ERR_PROXY_TUNNEL" },
          "the URL is none": { tokenEndpoint: "gateway", environment: undefined, detail: "ECONNREFUSED" }
        }
      },
      timeout: {
        sent: "The token request was sent, or waited for a connection.",
        cases: { always: { detail: "10s" }, "the time is not known": {} }
      },
      status: {
        sent: asked,
        cases: {
          "with Retry-After": { status: 503, retryAfter },
          "without it": { status: 503 },
          "again, in the pause": { status: 503, retryAfter, heldBack: true },
          "with a code, and the words of the server": {
            status: 400,
            detail: "temporarily_unavailable",
            ...saying("try again later"),
            retryAfter
          }
        }
      },
      certificate: {
        sent: nothing,
        cases: {
          "an unknown authority": { attempts: 1, detail: "SELF_SIGNED_CERT_IN_CHAIN" },
          "one that has expired": { attempts: 1, detail: "CERT_HAS_EXPIRED" },
          "one that is not valid yet": { attempts: 1, detail: "CERT_NOT_YET_VALID" },
          "one for another host": { attempts: 1, detail: "ERR_TLS_CERT_ALTNAME_INVALID" },
          "that of a proxy": { attempts: 1, detail: "SELF_SIGNED_CERT_IN_CHAIN", peer: "proxy.example.com" }
        }
      },
      proxy_authentication: { sent: "Nothing was sent to CXone.", cases: { always: { attempts: 1, status: 407 } } },
      proxy_refused: {
        sent: "Nothing was sent to CXone.",
        cases: {
          "for good": { attempts: 1, status: 403 },
          "for now": { attempts: 4, status: 503 },
          "the proxy is known": { attempts: 1, status: 403, peer: "127.0.0.1:3128" }
        }
      },
      http_client: {
        sent: nothing,
        cases: {
          "with a code": { attempts: 1, detail: "ERR_INVALID_URL" },
          "a variable that is not the URL of a proxy": { attempts: 1, detail: "ERR_INVALID_PROXY: https_proxy" },
          "the same, and which variable is not known": { attempts: 1, detail: "ERR_INVALID_PROXY" },
          "a port that fetch refuses": { attempts: 1, detail: "bad port" },
          "it was closed": { attempts: 1, detail: "UND_ERR_DESTROYED" },
          "without a code": { attempts: 1 }
        }
      }
    }
  },
  {
    class: InvalidTokenResponse,
    fields: { tokenEndpoint, environment: "discover", status: 200, retryAfter: Duration.seconds(1) },
    reasons: {
      unexpected_status: {
        sent: asked,
        cases: {
          "a 403 without a code": { status: 403 },
          "the same, at the platform gateway": { tokenEndpoint: gateway, environment: "region", status: 403 },
          "the same, at an area": {
            tokenEndpoint: "https://na1.niceincontact.com/authentication/v1/token/access-key",
            environment: "area",
            status: 403
          },
          "the same, at a custom endpoint": {
            tokenEndpoint: "https://gateway.example.com/token",
            environment: "custom",
            status: 403
          },
          "the same, if the constructor is not known": { environment: undefined, status: 403 },
          "again, in the pause": { status: 403, heldBack: true },
          "a 400 without a code": { status: 400 },
          "a page of a firewall": { status: 403, ...quoted("<html><title>Access Denied</title>") },
          "a page without a title": { status: 403, ...quoted("<html>") },
          "with a code, and the words of the server": {
            status: 400,
            error: "invalid_request",
            ...saying("missing parameter")
          }
        }
      },
      redirect: {
        sent: asked,
        cases: {
          "with a Location": { status: 302, detail: "https://login.example.com" },
          "without one that can be read": { status: 302 }
        }
      },
      too_large: { sent: asked, cases: { always: {} } },
      not_json: { sent: asked, cases: { always: {}, "no pause is known": { retryAfter: undefined } } },
      encoded: { sent: asked, cases: { "with a known coding": { coding: "gzip" }, "with another": {} } },
      invalid_access_token: { sent: asked, cases: { always: {} } },
      invalid_token_type: { sent: asked, cases: { always: {} } },
      invalid_expires_in: { sent: asked, cases: { always: {} } },
      invalid_scope_field: { sent: asked, cases: { always: {} } },
      expired: { sent: asked, cases: { always: {} } }
    }
  },
  {
    class: DiscoveryFailed,
    fields: { document: "openid-configuration", url: `${issuer}/.well-known/openid-configuration`, attempts: 1 },
    reasons: {
      transport: {
        sent: noSecret,
        cases: {
          "the issuer's document": { attempts: 4, detail: "ENOTFOUND" },
          "the tenant's document": { ...ofTenant, attempts: 4, detail: "ECONNRESET" }
        }
      },
      timeout: { sent: noSecret, cases: { always: { attempts: 4, detail: "10s" } } },
      status: {
        sent: noSecret,
        cases: {
          "404 for the issuer's document": { status: 404 },
          "404 for the tenant's document": { ...ofTenant, status: 404 },
          "5xx, 408 or 429, with Retry-After": { status: 503, attempts: 4, retryAfter },
          "again, in the pause": { status: 503, attempts: 4, retryAfter, heldBack: true },
          "5xx, 408 or 429, without it": { status: 503, attempts: 4, ...saying("try again later") }
        }
      },
      certificate: { sent: noSecret, cases: { always: { detail: "CERT_HAS_EXPIRED" } } },
      proxy_authentication: { sent: noSecret, cases: { always: { status: 407 } } },
      proxy_refused: {
        sent: noSecret,
        cases: { always: { status: 403 }, "the proxy is known": { status: 403, peer: "127.0.0.1:3128" } }
      },
      http_client: { sent: noSecret, cases: { always: { detail: "ERR_INVALID_URL" } } },
      redirect: {
        sent: noSecret,
        cases: {
          "with a Location": { status: 301, detail: "https://login.example.com/" },
          "without one that can be read": { status: 301 }
        }
      },
      too_large: { sent: noSecret, cases: { always: { status: 200 } } },
      not_json: { sent: noSecret, cases: { always: { status: 200 } } },
      encoded: {
        sent: noSecret,
        cases: { "with a known coding": { status: 200, detail: "gzip" }, "with another": { status: 200 } }
      },
      invalid_field: {
        sent: noSecret,
        cases: {
          "the document names no issuer": { detail: "issuer" },
          "it names no token endpoint": { detail: "token_endpoint" },
          "it names no API": { ...ofTenant, detail: "api_endpoint" }
        }
      },
      issuer_mismatch: {
        sent: noSecret,
        cases: {
          "it names another issuer": { detail: "https://cxone-gov.niceincontact.com/" },
          "it names something else": {}
        }
      },
      tenant_mismatch: { sent: noSecret, cases: { always: ofTenant } },
      no_tenant: { sent: nothing, cases: { always: { ...ofTenant, attempts: 0, retryAfter } } }
    }
  },
  {
    class: ForeignOrigin,
    fields: { origin: "https://files.example.com", allowed: [api] },
    reasons: {
      not_allowed: { sent: nothing, cases: { always: {} } },
      not_confidential: { sent: nothing, cases: { always: { origin: "http://api-na1.niceincontact.com" } } },
      not_http: { sent: nothing, cases: { always: { origin: "wss://api-na1.niceincontact.com" } } },
      user_info: { sent: nothing, cases: { always: { origin: api } } },
      host_header: { sent: nothing, cases: { always: { origin: api } } }
    }
  }
]
