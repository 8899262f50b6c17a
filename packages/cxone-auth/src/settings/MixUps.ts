/**
 * The usual mix-ups in settings. Each function returns what is wrong, or `undefined`. The text is the end of a sentence
 * that begins with the setting's name. It quotes no value.
 */
import * as Redacted from "effect/Redacted"
import * as Hosts from "../cxone/Hosts.js"
import { looksLikeAccessKeyId } from "../exchange/TokenSource.js"
import type { Setting } from "./Setting.js"

const exampleIssuer = `for example ${Hosts.globalIssuer}`

/** An API URL, a discovery document, or the issuer alone, where the token endpoint belongs. */
export const inTokenEndpoint = (url: URL): string | undefined => {
  if (/\/\.well-known\//.test(url.pathname)) {
    return "is a discovery document; for a client with an access key, put its host alone into CXONE_ISSUER"
  }
  if (isApiUrl(url)) {
    return "is an API URL; expected the URL that tokens are requested from, which ends in /token or the like"
  }
  return Hosts.isCxoneHost(url) && url.pathname === "/"
    ? "is a host alone, without the path that tokens are requested at; with an access key beside the client, put it into CXONE_ISSUER in its place"
    : undefined
}

const isApiUrl = (url: URL): boolean =>
  /^\/(?:incontactapi|api\/v\d|services\/v\d)/i.test(url.pathname) || (isApiHost(url) && !/token/i.test(url.pathname))

const isApiHost = (url: URL): boolean => Hosts.isCxoneHost(url) && url.hostname.startsWith("api-")

/** A token endpoint where the API base URL belongs. */
export const inApiBaseUrl = (url: URL): string | undefined =>
  /\/token\/?$/.test(url.pathname)
    ? "is a token endpoint; expected the URL that API calls are relative to, for example https://api-na1.niceincontact.com"
    : undefined

/** An issuer with a path, or an API host in its place. */
export const inIssuer = (url: URL): string | undefined => {
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return `must be a host alone, without a path, ${exampleIssuer}`
  }
  return isApiHost(url) ? `is an API host; expected the identity service, ${exampleIssuer}` : undefined
}

const settings = ["CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET", "CXONE_ACCESS_KEY_ID", "CXONE_ACCESS_KEY_SECRET"] as const

type Given = { readonly [Name in (typeof settings)[number]]: string | Redacted.Redacted<string> | undefined }

/** The id of an access key in the place of the client id, or one value in two places. */
export const inCredentials = (given: Given): readonly [Setting, string] | undefined => {
  const seen = new Map<string, Setting>()
  for (const setting of settings) {
    const value = given[setting]
    const text = Redacted.isRedacted(value) ? Redacted.value(value) : (value ?? "")
    if (setting === "CXONE_CLIENT_ID" && looksLikeAccessKeyId(text)) {
      return [setting, 'ends in "====", as the id of an access key does; put that into CXONE_ACCESS_KEY_ID']
    }
    const twin = seen.get(text)
    if (text !== "" && twin !== undefined) {
      return [setting, `has the same value as ${twin}, but the two must differ`]
    }
    seen.set(text, setting)
  }
  return undefined
}
