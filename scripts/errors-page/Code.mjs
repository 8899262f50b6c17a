/**
 * Where the built code makes messages.
 */
import ts from "typescript"

const refusesOrLogs = /^Setting\.(?:invalid|missing|missingBeside|excludedBeside)$|^ConfigError\.\w+$|^Effect\.log/

const isPlace = (node) =>
  (ts.isNewExpression(node) && /Error$/.test(node.expression.getText())) ||
  (ts.isCallExpression(node) && refusesOrLogs.test(node.expression.getText()))

const hasText = (node) =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)

const threeWords = /[a-z]\S* +\S*[a-z]\S* +\S*[a-z]/i

export const read = (path, source) => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const nodesThat = (is) => {
    const found = []
    const visit = (node) => {
      if (is(node)) found.push(node)
      ts.forEachChild(node, visit)
    }
    visit(file)
    return found
  }
  const rangeOf = (node) => ({ startOffset: node.getStart(), endOffset: node.getEnd() })
  const wordsIn = ({ startOffset, endOffset }) => source.slice(startOffset, endOffset).replace(/\s+/g, " ").trim()

  return {
    /** Each call that makes an error, refuses a setting, or logs. */
    places: () => nodesThat(isPlace).map(rangeOf),
    /** Each text of three words or more. */
    texts: () =>
      nodesThat((node) => hasText(node) && threeWords.test(node.text)).map((node) => ({
        ...rangeOf(node),
        text: node.text.trim()
      })),
    /** Whether there is more at a place than brackets. */
    isMore: (range) => /\w/.test(wordsIn(range)),
    /** A place, as a person finds it. */
    at: (range) => {
      const { line } = file.getLineAndCharacterOfPosition(range.startOffset)
      return `packages/cxone-auth/src/${path.replace(/\.js$/, ".ts")} (line ${line + 1} when built) ${wordsIn(range).slice(0, 100)}`
    }
  }
}
