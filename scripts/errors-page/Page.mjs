/**
 * The page of messages, as Markdown.
 */
import { readFileSync } from "node:fs"
import ts from "typescript"

const introduction = readFileSync(new URL("Introduction.md", import.meta.url), "utf8").trimEnd()

const inCode = (text) => `\`${text}\``

const items = (all) => all.map((item) => `- ${item}`).join("\n")

/** A message on its line, or as a block if it has several lines. */
const quoted = (message) =>
  message.includes("\n") ? `\n\n  \`\`\`text\n${message.replace(/^/gm, "  ")}\n  \`\`\`` : ` ${inCode(message)}`

/** The first sentence of the description of an error's class. */
const aboutOf = (name, declarations) => {
  const file = ts.createSourceFile(`${name}.d.ts`, declarations, ts.ScriptTarget.Latest, true)
  const node = file.statements.find((statement) => ts.isClassDeclaration(statement) && statement.name.text === name)
  const [{ comment }] = ts.getJSDocCommentsAndTags(node)
  return ts
    .getTextOfJSDocComment(comment)
    .replace(/\s+/g, " ")
    .replace(/(?<=\.) .*$/, "")
}

const casesOf = (cases) =>
  cases.length === 1 && cases[0].when === "always"
    ? inCode(cases[0].message)
    : items(cases.map(({ message, when }) => `${when}:${quoted(message)}`))

const errorsOf = (errors, declarationsOf) =>
  errors.flatMap(({ name, reasons }) => [
    `## ${name}`,
    aboutOf(name, declarationsOf(name)),
    ...reasons.flatMap(({ cases, reason, sent }) => [`### ${inCode(reason)}`, sent, casesOf(cases)])
  ])

const thrownOf = (thrown) =>
  thrown.flatMap(({ calls, title }) => [
    `### ${title}`,
    items(calls.map(({ call, message, name }) => `${inCode(call)}: ${name}:${quoted(message)}`))
  ])

const settingsOf = (settings) =>
  settings.flatMap(({ refused, title }) => [
    `### ${title}`,
    items(refused.map(({ given, message }) => `${given === "" ? "no setting" : inCode(given)}:${quoted(message)}`))
  ])

const logsOf = (logs) =>
  logs.flatMap(({ lines, when }) => [
    `### ${when}`,
    items(lines.map(({ level, message }) => `${level}:${quoted(message)}`))
  ])

/** All of it. `declarationsOf` gives the declarations of an error's class. */
export const write = ({ calls, errors, logs, settings, thrown }, declarationsOf) =>
  `${[
    introduction,
    ...errorsOf(errors, declarationsOf),
    "## Calls that fail with an error of the platform",
    "The name is that of the platform's error, and the text is what this library says in it.",
    items(calls.map(({ message, name, when }) => `${when}: ${name}:${quoted(message)}`)),
    "## Thrown by a call",
    "The code is wrong. The call throws before anything is sent.",
    ...thrownOf(thrown),
    "## Refused settings",
    "Building the layer fails with a `ConfigError`, and nothing was sent. Secrets are shown as `…`.",
    ...settingsOf(settings),
    "## Lines of the log",
    "With the level of each. A line that several of these cases log stands at the first of them.",
    ...logsOf(logs)
  ].join("\n\n")}\n`

/** What a person reads, without its form. */
export const textOf = ({ calls, errors, logs, settings, thrown }) =>
  [
    ...errors.flatMap(({ reasons }) => reasons.flatMap(({ cases }) => cases)),
    ...calls,
    ...thrown.flatMap(({ calls }) => calls),
    ...settings.flatMap(({ refused }) => refused),
    ...logs.flatMap(({ lines }) => lines)
  ]
    .map(({ message }) => message)
    .join("\n")
