/**
 * What the docs say of this repository's files must be true. Checked are: each link and its anchor, each path in
 * backticks, the rules of `docs/rules.md` against the tests and sources that cite them, which files know CXone, and two
 * words that no public text may use, because their reader does not have what they refer to.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const skipped = new Set(["node_modules", "dist", ".git"])

/** All files below a folder, without what is installed or built. */
const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name)
        if (skipped.has(entry.name)) return []
        return entry.isDirectory() ? filesIn(path) : [path]
      })
    : []

const read = (path) => readFileSync(path, "utf8")

const inFolders = ["docs", "packages", "examples", ".changeset"].flatMap(filesIn)
const markdown = [...["README.md", "CONTRIBUTING.md", "SECURITY.md"].filter(existsSync), ...inFolders].filter(
  (path) => path.endsWith(".md") && !path.endsWith("CHANGELOG.md")
)
const code = inFolders.filter((path) => /\.(?:ts|mjs)$/.test(path))

const problems = []
const report = (path, text, index, problem) => {
  problems.push(`${path}:${text.slice(0, index).split("\n").length}: ${problem}`)
}

/** Keeps the length and the lines of what it blanks, so that positions stay right. */
const blank = (text, pattern) => text.replace(pattern, (found) => found.replace(/[^\n]/g, " "))

const withoutBlocks = (text) => blank(text, /^```.*?^```$/gms)

const ourFolders = /^(?:packages|docs|examples|test)\/[\w./*-]+$/

/** `test/` is short for the tests of the library. */
const located = (path) => (path.startsWith("test/") ? `packages/cxone-auth/${path}` : path)

const isBuilt = (path) => /(?:^|\/)dist(?:\/|$)/.test(path)

const exists = (path) => {
  if (!path.includes("*")) return existsSync(path) || existsSync(`${path}.ts`)
  const [before, after] = [path.slice(0, path.indexOf("*")), path.slice(path.indexOf("*") + 1)]
  return existsSync(before) && readdirSync(before).some((name) => existsSync(`${before}${name}${after}`))
}

/** The anchors that GitHub gives to the headings of a page. */
const anchorsOf = (path) => {
  const seen = new Map()
  return new Set(
    [...withoutBlocks(read(path)).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => {
      const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      const slug = text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replace(/ /g, "-")
      const count = seen.get(slug) ?? 0
      seen.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    })
  )
}

const checkLinks = (path) => {
  const text = read(path)
  const prose = blank(withoutBlocks(text), /`[^`\n]*`/g)
  for (const { 1: target, index } of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue
    const [place, anchor] = target.split("#")
    const file = place === "" ? path : normalize(join(dirname(path), place))
    if (!existsSync(file)) report(path, text, index, `the link leads to ${file}, which does not exist`)
    else if (anchor !== undefined && !anchorsOf(file).has(anchor)) {
      report(path, text, index, `${file} has no heading for #${anchor}`)
    }
  }
}

const checkPaths = (path) => {
  const text = read(path)
  for (const { 1: quoted, index } of withoutBlocks(text).matchAll(/`([^`\n]+)`/g)) {
    const named = located(quoted)
    if (ourFolders.test(quoted) && !isBuilt(named) && !exists(named)) report(path, text, index, `there is no ${named}`)
  }
}

const checkWords = (path) => {
  const text = read(path)
  for (const { 0: words, index } of text.matchAll(/\b(?:the|our) brief\b|\bfacts §/gi)) {
    report(path, text, index, `"${words}" refers to something that the reader does not have`)
  }
}

// A rule's number is below 20. CXone's clusters, such as C32, are above; and in a percent-encoded text, C3 is a byte.
const ruleNumber = /(?<![\w%\\.-])([LCSF])([1-9]|1\d)(?![\w%-])(?: to \1([1-9]|1\d)(?!\w))?/g

/** The rules that a text cites, each with its position; `L1 to L10` is ten of them. */
const citations = (text) =>
  [...text.matchAll(ruleNumber)].flatMap(({ 1: letter, 2: from, 3: to = from, index }) =>
    Array.from({ length: to - from + 1 }, (_, n) => ({ rule: `${letter}${Number(from) + n}`, index }))
  )

const rulesPage = "docs/rules.md"

/** Each rule, with the tests that its section names. */
const rulesOf = (page) => {
  const headings = [...page.matchAll(/^#{1,6} +(.+)$/gm)]
  return headings.flatMap(({ 1: heading, index }, n) => {
    const rule = /^([LCSF]\d{1,2}) /.exec(heading)?.[1]
    if (rule === undefined) return []
    const section = page.slice(index, headings[n + 1]?.index ?? page.length)
    const tests = [...section.matchAll(/`((?:test|packages|examples)\/[\w./-]+\.test\.ts)`/g)]
    return [{ rule, tests: tests.map((found) => ({ file: located(found[1]), index: index + found.index })) }]
  })
}

const checkRules = () => {
  const page = read(rulesPage)
  const rules = rulesOf(page)
  const known = new Set(rules.map(({ rule }) => rule))
  for (const { rule, tests } of rules) {
    for (const { file, index } of tests) {
      if (existsSync(file) && !citations(read(file)).some((cited) => cited.rule === rule)) {
        report(rulesPage, page, index, `${rule} names ${file}, which does not cite ${rule}`)
      }
    }
  }
  for (const path of code) {
    const text = read(path)
    for (const { rule, index } of citations(text)) {
      if (!known.has(rule)) report(path, text, index, `cites ${rule}, which is not in ${rulesPage}`)
    }
  }
  return rules
}

const sources = "packages/cxone-auth/src"
const mixedFolders = ["auth", "client", "exchange", "token"]

/** `docs/how-it-works.md` says of each file in a mixed folder whether it knows CXone. Its imports must not say otherwise. */
const checkWhoKnowsCxone = () => {
  const path = "docs/how-it-works.md"
  const page = read(path)
  const rowOf = (question) => page.split("\n").find((line) => line.startsWith(`| ${question} |`)) ?? ""
  const [cxone, oauth] = ["Which files know CXone?", "Which files know only OAuth and HTTP?"].map(rowOf)
  for (const file of mixedFolders.flatMap((folder) => filesIn(join(sources, folder)))) {
    const name = `\`${basename(file)}\``
    const isSaidToKnow = cxone.includes(name)
    const isSaidNot = oauth.includes(name) || (file.includes("/token/") && oauth.includes("in `token/` all others"))
    const knows = /from "\.\.\/(?:cxone|environment)\//.test(read(file))
    if (!isSaidToKnow && !isSaidNot) report(path, page, 0, `does not say whether ${file} knows CXone`)
    if (knows && !isSaidToKnow) report(path, page, 0, `does not say that ${file} knows CXone, which it imports`)
  }
}

for (const path of markdown) {
  if (!/^(?:soak|\.changeset)\//.test(path)) checkLinks(path)
  checkPaths(path)
  checkWords(path)
}
checkWhoKnowsCxone()
const rules = existsSync(rulesPage) ? checkRules() : []

if (problems.length > 0) {
  console.error(problems.sort().join("\n"))
  console.error(
    `\ndocs: ${problems.length} problem(s) in ${new Set(problems.map((each) => each.split(":")[0])).size} file(s)`
  )
  process.exit(1)
}
const cited = rules.reduce((sum, { tests }) => sum + tests.length, 0)
console.log(
  `docs: ${markdown.length} pages, ${rules.length} rules with ${cited} tests, every link and path leads somewhere`
)
