/**
 * Settings that are refused, for `docs/errors.md`. Those with a prefix before `CXONE_` are read with it.
 */
const client = { CXONE_CLIENT_ID: "reporting-job", CXONE_CLIENT_SECRET: "s3cr3t" }
const key = { CXONE_ACCESS_KEY_ID: "QUJD====", CXONE_ACCESS_KEY_SECRET: "REVG====" }
const issuer = "https://cxone.niceincontact.com"
const api = "https://api-na1.niceincontact.com"

export const settings = {
  "What is missing": [
    {},
    { CXONE_CLIENT_ID: "reporting-job" },
    { CXONE_CLIENT_ID: "", CXONE_CLIENT_SECRET: "s3cr3t" },
    { CXONE_ACCESS_KEY_SECRET: "REVG====" },
    key,
    { ...key, CXONE_REGION: "us" },
    { ...key, CXONE_ISSUER: issuer },
    { ...key, CXONE_AREA: "na1", CXONE_CLIENT_AUTH: "post" },
    { ...key, CXONE_AREA: "na1", CXONE_CLIENT_SECRET_NEXT: "n3xt" },
    { ...client, CXONE_ISSUER: issuer },
    { ...client, CXONE_AREA: "na1" },
    { ...client, CXONE_API_BASE_URL: api },
    { ...client, CXONE_TOKEN_ENDPOINT: "https://gateway.example.com/token" }
  ],
  "What does not go together": [
    { ...client, CXONE_REGION: "us", CXONE_AREA: "na1" },
    { ...client, ...key, CXONE_REGION: "us" },
    { ...client, ...key, CXONE_AREA: "na1" },
    { ...key, CXONE_AREA: "na1", CXONE_SCOPES: "read:users" }
  ],
  "What is wrong": [
    { ...client, CXONE_REGION: "us-east-1" },
    { ...client, CXONE_REGION: "mars" },
    { ...client, CXONE_CLIENT_AUTH: "header" },
    { ...client, CXONE_SCOPES: 'read:"users"' },
    { ...key, CXONE_AREA: "NA1" }
  ],
  "Mix-ups": [
    { ...client, CXONE_REGION: "na1" },
    { ...key, CXONE_AREA: "eu" },
    { CXONE_CLIENT_ID: "QUJD====", CXONE_CLIENT_SECRET: "s3cr3t" },
    { CXONE_CLIENT_ID: "reporting-job", CXONE_CLIENT_SECRET: "reporting-job" },
    { ...client, ...key, CXONE_ISSUER: `${issuer}/auth` },
    { ...client, ...key, CXONE_ISSUER: api },
    { ...client, CXONE_API_BASE_URL: api, CXONE_TOKEN_ENDPOINT: `${issuer}/.well-known/openid-configuration` },
    { ...client, CXONE_API_BASE_URL: api, CXONE_TOKEN_ENDPOINT: `${api}/incontactapi` },
    { ...client, CXONE_API_BASE_URL: api, CXONE_TOKEN_ENDPOINT: issuer },
    { ...client, CXONE_API_BASE_URL: `${issuer}/auth/token` }
  ],
  "A URL that secrets may not travel to": [
    { ...client, CXONE_API_BASE_URL: "api-na1.niceincontact.com" },
    { ...client, CXONE_API_BASE_URL: "http://api-na1.niceincontact.com" },
    { ...client, CXONE_API_BASE_URL: "https://me:s3cr3t@api-na1.niceincontact.com" }
  ],
  'Settings with a prefix: `layerFromEnv({ prefix: "ACME" })`': [
    { ACME_CXONE_CLIENT_ID: "reporting-job" },
    { ACME_CXONE_AREA: "NA1", ACME_CXONE_REGION: "mars" }
  ],
  'Settings with a prefix: `ConfigProvider.nested("ACME")`': [
    { ACME_CXONE_CLIENT_ID: "reporting-job", ACME_CXONE_CLIENT_SECRET: "s3,cr3t" },
    { ACME_CXONE_CLIENT_ID: "reporting-job", ACME_CXONE_CLIENT_SECRET: "s3cr3t", ACME_CXONE_REGION: "us-east-1" }
  ]
}
