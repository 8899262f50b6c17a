import * as Option from "effect/Option"

/**
 * One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1). Scheme and parameter names are in lower case, and
 * parameter values without quotes.
 */
export interface Challenge {
  readonly scheme: string
  readonly token68: Option.Option<string>
  readonly params: ReadonlyMap<string, string>
}

// Sticky and without nested repetition, so that each match takes time that is linear in its length.
const lexemes = {
  token: /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y,
  token68: /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y,
  quotedString: /"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t \x21-\x7e\x80-\uffff])*"/y,
  equals: /[ \t]*=[ \t]*/y,
  spaces: / +/y,
  listGap: /[ \t,]*/y,
  separator: /[ \t]*(?:,|$)/y
}

type Scanner = ReturnType<typeof scannerOf>

const scannerOf = (text: string) => {
  let at = 0
  return {
    take: (lexeme: keyof typeof lexemes) => {
      const pattern = lexemes[lexeme]
      pattern.lastIndex = at
      const found = pattern.exec(text)?.[0]
      at += found?.length ?? 0
      return found
    },
    rewind: (position: number) => {
      at = position
    },
    position: () => at,
    atEnd: () => at >= text.length
  }
}

const unquote = (text: string): string => text.slice(1, -1).replace(/\\(.)/gs, "$1")

const takeParam = (scanner: Scanner): readonly [name: string, value: string] | undefined => {
  const start = scanner.position()
  const name = scanner.take("token")
  if (name !== undefined && scanner.take("equals") !== undefined) {
    const quoted = scanner.take("quotedString")
    const value = quoted === undefined ? scanner.take("token") : unquote(quoted)
    if (value !== undefined && scanner.take("separator") !== undefined) {
      return [name.toLowerCase(), value]
    }
  }
  scanner.rewind(start)
  return undefined
}

const takeParams = (scanner: Scanner): ReadonlyMap<string, string> | undefined => {
  const params = new Map<string, string>()
  for (let param = takeParam(scanner); param !== undefined; param = takeParam(scanner)) {
    const [name, value] = param
    if (params.has(name)) {
      return undefined
    }
    params.set(name, value)
    scanner.take("listGap")
  }
  return params
}

const takeChallenge = (scanner: Scanner): Challenge | undefined => {
  const scheme = scanner.take("token")?.toLowerCase()
  if (scheme === undefined) {
    return undefined
  }
  if (scanner.take("separator") !== undefined) {
    return { scheme, token68: Option.none(), params: new Map() }
  }
  if (scanner.take("spaces") === undefined) {
    return undefined
  }
  const token68 = scanner.take("token68")
  if (token68 !== undefined) {
    scanner.take("separator")
    return { scheme, token68: Option.some(token68), params: new Map() }
  }
  const params = takeParams(scanner)
  return params === undefined || params.size === 0 ? undefined : { scheme, token68: Option.none(), params }
}

/**
 * Reads a `WWW-Authenticate` header by the grammar of RFC 9110 §11.6.1: several challenges, quoted strings with
 * escapes, `token68`. If the header breaks the grammar anywhere, or a challenge names a parameter twice, the result is
 * empty, because a header that is read in part could mislead. It never throws, and takes linear time.
 */
export const parse = (header: string | undefined): ReadonlyArray<Challenge> => {
  const scanner = scannerOf(header ?? "")
  const challenges: Array<Challenge> = []
  scanner.take("listGap")
  while (!scanner.atEnd()) {
    const challenge = takeChallenge(scanner)
    if (challenge === undefined) {
      return []
    }
    challenges.push(challenge)
    scanner.take("listGap")
  }
  return challenges
}

/**
 * The challenge with the scheme `Bearer` (RFC 6750 §3). If there are several, the first that names an error, else the
 * first.
 */
export const bearer = (challenges: ReadonlyArray<Challenge>): Option.Option<Challenge> => {
  const bearers = challenges.filter(({ scheme }) => scheme === "bearer")
  return Option.fromNullable(bearers.find(({ params }) => params.has("error")) ?? bearers[0])
}
