/**
 * The words that a quotation may consist of (S2).
 */

// English, and what servers, gateways and HTTP clients say of requests that fail. A form that `endings` and `beginnings`
// make of another word need not be listed.
const words = new Set(
  `
  a able abort about above absent abuse abusive accept access accord account acl acquire across act action activate
  activation active activity actual adapter add addition address admin administration administrator after again against
  agent agreement ahead alg algorithm all allow allowlist almost alone along already also although always among amount
  an and another answer any anyone anything apache apart api app appear append application applied applies appropriate
  approval approve approximate are area aren't argument around array as ascii ask assert assertion assign assignment
  associate assume at attach attachment attempt attribute aud audience audit authentic authenticate authentication
  authenticator authorisation authorise authorities authority authorization authorize auto automatic availability
  available await aware away azp
  back backend bad balance balancer balancing bandwidth base basic batch be bearer became because become been before
  began begin beginning begun behalf behind being believe belong below best better between beyond big billing binary
  binding bit blacklist blank block blocklist bodies body boolean bot both bound boundary box branch break breaker
  broke broken brotli browser bucket budget buffer bug build building built bundle burst business busy but by bye byte
  cable cache call caller came can can't cancel cancelled cannot capability capacity captcha case cause cdn ceiling
  center centre certain certificate certification chain challenge change channel character charge charset chat check
  child children choice choose chosen chunk cipher circuit claim class clean clear click client clock close closing
  cloud cloudflare cluster code collection column combination come comma command comment commit commitment common
  communicate communication company compare compatible complete compress compression compute computer concurrent
  condition confidential config configuration configure confirm confirmation conflict connect connection connector
  consent consider consist constraint consume consumer contact contain container content context continue contract
  control controller conversion convert cookie copied copy core corporate correct correlation corrupt cors could
  couldn't count counter country crawler create creation credential credit criteria critical cross csrf current custom
  customer cut
  damage data database date day deactivate dead deadline deal debug decide decision declare decline decode decoder
  decompress decrypt decryption default defect defer define definition deflate degrade delay delete deletion deliver
  delivery demand denied denies deny department depend dependencies dependency deploy deployment deprecate describe
  description design desire destination destroy detail detect determine developer development device dial dialer dialup did
  didn't differ difference different digest digit direct directory disable disagree disk dispatcher display disturb dns
  do doc document documentation does doesn't doing domain don't done double down downgrade download downstream draft
  drift driver drop dropped due duplicate during dynamic
  each earlier early edge edit effect effective either element eligible else email embed emergency emit employee
  empties empty enable encode encoder encoding encounter encrypt encryption end ending endpoint enforce engagement
  engine enough enrol enroll enrollment enrolment ensure enter enterprise entire entities entitle entitlement entity
  entries entry environment envoy equal error errors escape establish evaluate evaluation even event ever every
  everyone everything exact examine example exceed exceeding except exception exchange exclude execute execution exempt
  exhaust exist existence exp expect expectation expiration expire expiry explain explicit expose express extend
  extension external extra extract
  fact factor fail failover failure fall false familiar faq far fast fatal fault feature federation fetch few field
  figure file filing fill filter final find finding finish firewall first fit fix flag flow fold follow for forbade
  forbid forbidden force foreign forge forgot forgotten form formal format forward found fragment fraud free frequent
  fresh from front frontend full function further future
  garbage gateway gave general generate generation generic get getting give given global go goes going gone good got
  grant greater group guard guess guest guide gzip
  had half halt hand handle handler handshake hang happen hard has hash hasn't have haven't head header health
  healthcheck healthy held hello help helper here hidden high history hit hmac hold holder home hop host hostname hour
  how however html http human hung
  i iat id idempotent identical identification identified identifier identifies identify identity idle ids if ignore
  illegal immediate implement implementation implicit important in incident include inclusion increase index indicate
  individual info information infrastructure inherit init initial initiate inner insert inspect instance instant
  instead instruct instruction insufficient integer integration integrity intend intent interact interaction interface
  intermediate internal internet interrupt interval into introduce introspect introspection invocation invoke ip is
  isn't issue issuer it item its itself
  job join json jti just jwks jwt
  keep keepalive kept key kid kilobytes kind know knowledge known
  label lack language large last late latency latest launch layer ldap lead learn least leave left legacy legal length
  less let letter level licence license life lifetime like limit limitation limiter line link list listen listener
  listing literal little live load loader local locale located location lock lockout log logging logic login logout
  long look lookup loop lose lost lot low
  mac made mail main maintain maintenance major make malformed manage management manager mandatory manual many map
  mapped mapping mark mask master match max maximum may maybe mean meaning meant measure media medium meet megabytes
  member membership memory mention merge message met meta metadata method mfa middle might migrate migration
  millisecond mime min minimum minor minute miss mobile mode model modern modification modified modifies modify module
  moment monitor month more most mount move movement mtls much multi multipart multiple must mutual my
  name native nbf near necessary need negative negotiate negotiation neither nest network never new next nginx nice no
  node nonce none nonexistent nor normal not note nothing notice notification notified notifies notify now null number
  oauth object obsolete obtain occur occurred occurring octet of off office offline offset often oidc ok okay old omit
  omitted on once one ongoing online only onto opaque open openid opening operate operation operator option optional or
  order organisation organization origin original other otherwise otp our ours out outage outbound outcome outdated
  outgoing output outside over own owner
  pack package packet page pairing paragraph parallel param parameter parent parse parser part parties partner party
  pass password past patch path patience pattern pause pay payload peer pend per perform performance perhaps period
  permanent permission permit permitted permitting persist person personal phase phone phrase pick piece ping pipe pkce
  place placement plain plan platform please plus point policies policy poll poller pool port portal position positive
  possession possible post prefer preparation prepare presence press prevent previous primary principal print printer
  prior private privilege probable probably problem proceed process processing produce product production profile
  program progress prohibit project prompt proof proper properties property protect protection protocol prove provide
  provider provision proxies proxy public publish publisher pull purge purpose push put
  qualified qualifies qualify quality quantity queries query question queue quick quiet quit quota quote
  raise random range rate rather raw reach read reader reading ready real realm reason receipt receive receiver recent
  recipient recognise recognize record recording recover recovery redirection reduce refer reference referrer refusal
  refuse regard region regional register registrar registration registry regular reject rejection relation relationship
  relative relay release relevant reliable rely remainder remote removal render repair repeat replacement replay
  replied replies reply representation request require requirement resident resolution resolve resolver respond
  responder response rest restriction result resume retired retrieval retrieve revocation revoke right risk risky robot
  role roll root rotate rotation round route router routing row rsa rule run running runtime
  safe said same saml sample sandbox satisfied satisfies satisfy save say scale scan scanner schedule scheduler
  scheduling schema scheme scope screen script search second secondary secret section secure security see seem seen
  segment select selection selector self send sender sense sent separate separator sequence serial series serve server
  service session set setting settle settlement setup several severe shall shape share shield shift shipment short
  should shouldn't show shown shut shutdown side sign signal signature signing silent similar simple simultaneously
  since single site size skew skill skip skipped sleep slow slug small so socket soft software some someone something
  soon sorry sort source space span speaker spec special specific specification specified specifies specify speed spell
  split spoof ssl sso stage stale stall standard standby start state statement static station statistics status stay
  step still stop stopped storage store stream strict string strong structure style sub subdomain subject submission
  submit submitted subscribe subscriber subscription subsequent success successful such sudden suffix suggest suitable
  sum summary super supervisor supplied supplies supply support supposed suppress sure suspend suspension suspicious
  switch symbol sync syntax system
  table tag take taken tamper target task tcp teach team technical telephone tell temporarily temporary tenancy tenant
  term terminate test tester text than thank that the their them then there therefore these they thing think third this
  those thread threshold throttle through throughput throw thrown thus tick ticket tie time timeout timer timestamp
  timing title tls to today together token told tomorrow too took tool top topic total trace track traffic trailer
  training transaction transcript transfer transferred transform transient transit transmission transmit transport
  treat treatment trial tried tries trigger trouble true truncate trust truth try tunnel turn twice two type typical
  ultimate uncaught under understand understood unfortunately unicode union unique unit universal unplugged until up
  update upgrade upload upon upper upstream urgent uri url us usage use user username using usual utf utility uuid
  valid validate validation validity value variable variant variation various vary vendor verification verified
  verifier verifies verify version versus very via view virtual visible visit voice volume vpn
  waf wait want warn warning was wasn't watch way we weak web website week welcome well went were what when whenever
  where whether which while white whitelist who whoever whole whom whose why wide width wild wildcard will window wire
  wireless with within without won't word work worker workspace world would wouldn't wrap wrapper write writer written
  wrong
  xml
  year yes yesterday yet yield you your yourself
  zero zone
  `
    .trim()
    .split(/\s+/)
)

const endings = ["", "s", "es", "d", "ed", "r", "er", "ing", "ly", "ment", "able", "'s"]
const beginnings = ["", "un", "re", "non", "mis", "dis", "pre", "in", "im", "ir", "over"]

/**
 * Whether this is the part of a word between a beginning and an ending. An ending that begins with a vowel may have
 * replaced an `e`. Short words have no other forms, because too many letters in a row would be such forms.
 */
const isStem = (stem: string, ending: string): boolean =>
  stem.length > 2 && (words.has(stem) || (/^[aei]/.test(ending) && words.has(`${stem}e`)))

/** Whether a word in lower case is listed, or is a form of a word that is. */
export const has = (word: string): boolean =>
  words.has(word) ||
  beginnings.some(
    (beginning) =>
      word.startsWith(beginning) &&
      endings.some(
        (ending) => word.endsWith(ending) && isStem(word.slice(beginning.length, word.length - ending.length), ending)
      )
  )
