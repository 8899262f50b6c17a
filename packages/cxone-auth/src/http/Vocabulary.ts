/**
 * The words that a quotation may consist of (S2).
 */

// English, and what servers, gateways and HTTP clients say of requests that fail. A form that `endings` and `beginnings`
// make of another word need not be listed.
const words = new Set(
  `
  a able abort about above absent abuse abusive accept access accord account acl acquire across act activate active
  activity actual adapter add addition address admin administration administrator after again against agent agreement
  ahead alg algorithm all allow allowlist almost alone along already also although always among amount an and another
  answer any anyone anything apache apart api app appear append application applied applies appropriate approval approve
  approximate are area aren't argument around array as ascii ask assert assign associate assume at attach attempt
  attribute aud audience audit authentic authenticate authorisation authorise authority authorization authorize auto
  automatic availability available await aware away azp
  back backend bad balance bandwidth base basic batch be bearer became because become been before began begin beginning
  begun behalf behind being believe belong below best better between beyond big billing binary binding bit blacklist
  blank block blocklist body boolean bot both bound boundary box branch break broke broken brotli browser bucket budget
  buffer bug build built bundle burst business busy but by bye byte
  cable cache call came can can't cancel cancelled cannot capability capacity captcha case cause cdn ceiling center
  centre certain certificate chain challenge change channel character charge charset chat check child children choice
  choose chosen chunk cipher circuit claim class clean clear click client clock close cloud cloudflare cluster code
  collection column combination come comma command comment commit common communicate company compare compatible complete
  compress compute concurrent condition confidential config configuration configure confirm confirmation conflict
  connect consent consider consist constraint consume contact contain content context continue contract control
  controller conversion convert cookie copy core corporate correct correlation corrupt cors could couldn't count country
  crawler create credential credit criteria critical cross csrf current custom cut
  damage data database date day deactivate dead deadline deal debug decide decision declare decline decode decompress
  decrypt default defect defer define definition deflate degrade delay delete deliver delivery demand deny department
  depend dependency deploy deprecate describe description design desire destination destroy detail detect determine
  developer development device dial dialup did didn't differ difference different digest digit direct directory disagree
  disk display disturb dns do doc document documentation does doesn't doing domain don't done double down downgrade
  download downstream draft drift driver drop dropped due duplicate during dynamic
  each earlier early edge edit effect effective either element eligible else email embed emergency emit employee empty
  enable encode encounter encrypt end endpoint enforce engagement engine enough enrol enroll ensure enter enterprise
  entire entitle entity entry environment envoy equal error errors escape establish evaluate even event ever every
  everyone everything exact examine example exceed except exchange exclude execute exempt exhaust exist existence exp
  expect expectation expiration expire expiry explain explicit expose express extend extension external extra extract
  fact fail failover failure fall false familiar faq far fast fatal fault feature federation fetch few field figure file
  fill filter final find finish firewall first fit fix flag flow fold follow for forbade forbid forbidden force foreign
  forge forgot forgotten form formal format forward found fragment fraud free frequent fresh from front frontend full
  function further future
  garbage gateway gave general generate generic get getting give given global go goes going gone good got grant greater
  group guard guess guest guide gzip
  had half halt hand handle handshake hang happen hard has hash hasn't have haven't head health healthcheck healthy held
  hello help here hidden high history hit hmac hold home hop host hostname hour how however html http human hung
  i iat id idempotent identical identification identifier identify identity idle ids if ignore illegal immediate
  implement implementation implicit important in incident include inclusion increase index indicate individual info
  infrastructure inherit init initial initiate inner insert inspect instance instant instead instruct insufficient
  integer integration integrity intend intent interact interface intermediate internal internet interrupt interval into
  introduce introspect invocation invoke ip is isn't issue it item its itself
  job join json jti just jwks jwt
  keep keepalive kept key kid kilobytes kind know knowledge known
  label lack language large last late latency latest launch layer ldap lead learn least leave left legacy legal length
  less let letter level licence license life lifetime like limit limitation line link list listen literal little live
  load local locale located location lock lockout log logging logic login logout long look lookup loop lose lost lot low
  mac made mail main maintain maintenance major make malformed manage mandatory manual many map mapped mapping mark mask
  master match max maximum may maybe mean meant measure media medium meet megabytes member membership memory mention
  merge message met meta metadata method mfa middle might migrate millisecond mime min minimum minute miss mobile mode
  model modern modification modify module moment monitor month more most mount move mtls much multi multipart multiple
  must mutual my
  name native nbf near necessary need negative negotiate neither nest network never new next nginx nice no node nonce
  none nonexistent nor normal not note nothing notice notification notify now null number
  oauth object obsolete obtain occur occurred occurring octet of off office offline offset often oidc ok okay old omit
  omitted on once one ongoing online only onto opaque open openid operate option optional or order organisation
  organization origin original other otherwise otp our ours out outage outbound outcome outdated outgoing output outside
  over own
  pack package packet page pairing paragraph parallel param parameter parent parse part partner party pass password past
  patch path patience pattern pause pay payload peer pend per perform performance perhaps period permanent permission
  permit permitted permitting persist person personal phase phone phrase pick piece ping pipe pkce place plain plan
  platform please plus point policy poll pool port portal position positive possession possible post prefer preparation
  prepare presence press prevent previous primary principal print prior private privilege probable probably problem
  proceed process produce product profile program progress prohibit project prompt proof proper property protect
  protocol prove provide provision proxy public publish pull purge purpose push put
  qualify quality quantity query question queue quick quiet quit quota quote
  raise random range rate rather raw reach read ready real realm reason receipt receive recent recipient recognise
  recognize record recover recovery reduce refer reference referrer refusal refuse regard region regional register
  registrar registration registry regular reject relationship relative relay release relevant reliable rely remainder
  remote removal render repair repeat replay reply representation request require resident resolution resolve respond
  response rest result resume retired retrieval retrieve revocation revoke right risk risky robot role roll root rotate
  round route row rsa rule run running runtime
  safe said same saml sample sandbox satisfy save say scale scan scanner schedule schema scheme scope screen script
  search second secondary secret section secure security see seem seen segment select self send sense sent separate
  sequence serial series serve service session set setting settle setup several severe shall shape share shield shift
  shipment short should shouldn't show shown shut shutdown side sign signal signature silent similar simple
  simultaneously since single site size skew skill skip skipped sleep slow slug small so socket soft software some
  someone something soon sorry sort source space span speaker spec special specific specification specify speed spell
  split spoof ssl sso stage stale stall standard standby start state static statistics status stay step still stop
  stopped storage store stream strict string strong structure style sub subdomain subject submission submit submitted
  subscribe subscription subsequent success successful such sudden suffix suggest suitable sum summary super supervisor
  supply support supposed suppress sure suspend suspension suspicious switch symbol sync syntax system
  table tag take taken tamper target task tcp teach team technical telephone tell temporarily temporary tenancy tenant
  term terminate test text than thank that the their them then there therefore these they thing think third this those
  thread threshold throttle through throughput throw thrown thus tick ticket tie time timeout timestamp title tls to
  today together token told tomorrow too took tool top topic total trace track traffic trailer training transaction
  transcript transfer transferred transform transient transit transmission transmit transport treat trial tried tries
  trigger trouble true truncate trust truth try tunnel turn twice two type typical
  ultimate uncaught under understand understood unfortunately unicode union unique unit universal unplugged until up
  update upgrade upload upon upper upstream urgent uri url us usage use user username using usual utf utility uuid
  valid validate validity value variable variant variation various vary vendor verification verifier verify version
  versus very via view virtual visible visit voice volume vpn
  waf wait want warn was wasn't watch way we weak web website week welcome well went were what when whenever where
  whether which while white whitelist who whoever whole whom whose why wide width wild wildcard will window wire
  wireless with within without won't word work workspace world would wouldn't wrap wrapper write written wrong
  xml
  year yes yesterday yet yield you your yourself
  zero zone
  `
    .trim()
    .split(/\s+/)
)

const endings = [
  "",
  "s",
  "es",
  "d",
  "ed",
  "r",
  "er",
  "ing",
  "ly",
  "ment",
  "able",
  "ion",
  "or",
  "ions",
  "ors",
  "ers",
  "ments",
  "ings",
  "ies",
  "ied",
  "'s"
]
const beginnings = ["", "un", "re", "non", "mis", "dis", "pre", "in", "im", "ir", "over"]

/**
 * Whether this is the part of a word between a beginning and an ending. An ending that begins with a vowel may have
 * replaced an `e`, and one with `ie` a `y`. Short words have no other forms, because too many letters in a row would be such forms.
 */
const isStem = (stem: string, ending: string): boolean =>
  stem.length > 2 &&
  (words.has(stem) ||
    (/^[aeio]/.test(ending) && words.has(`${stem}e`)) ||
    (ending.startsWith("ie") && words.has(`${stem}y`)))

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
