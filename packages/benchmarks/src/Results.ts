/** The sections as a person reads them, and as a machine does. */

import { contenders } from "./Contest.js"
import * as TutorialClass from "./contenders/TutorialClass.js"
import type { Machine } from "./Machine.js"
import { type Figure, ratio, type Section } from "./Section.js"
import { number, table } from "./Table.js"

const show = ({ digits = 0 }: Figure, value: number | string | undefined): string =>
  value === undefined ? "" : typeof value === "string" ? value : number(value, digits)

const verdictTable = (sections: ReadonlyArray<Section>): string =>
  table(
    ["", "goal", "found", ""],
    sections.flatMap(({ id, title, verdicts }) =>
      verdicts.map(({ found, goal, isMet }) => [`${id} ${title}`, goal, found, isMet ? "met" : "**not met**"])
    )
  )

const figureTable = ({ figures }: Section): string => {
  const names = [...new Set(figures.flatMap(({ peers }) => Object.keys(peers)))]
  const controls = [...new Set(figures.flatMap(({ controls = {} }) => Object.keys(controls)))]
  const row = (name: string, of: (figure: Figure) => string) => [name, ...figures.map(of)]
  return table(
    ["", ...figures.map(({ name, unit }) => (unit === "" ? name : `${name}, ${unit}`))],
    [
      row("**cxone-auth**", (figure) => show(figure, figure.ours)),
      ...names.map((name) => row(name, (figure) => show(figure, figure.peers[name]))),
      ...controls.map((name) => row(`*${name}*`, (figure) => show(figure, figure.controls?.[name])))
    ]
  )
}

const reasonsOf = ({ verdicts }: Section): ReadonlyArray<string> => [
  ...new Set(verdicts.flatMap(({ isMet, reason }) => (isMet || reason === undefined ? [] : [reason])))
]

const chapter = (section: Section): string =>
  [`## ${section.id} ${section.title}`, section.method, figureTable(section), ...reasonsOf(section)].join("\n\n")

/** What the console shows. */
export const summary = (sections: ReadonlyArray<Section>): string =>
  [
    ...sections.map((section) => `${section.id} ${section.title}\n${figureTable(section)}`),
    verdictTable(sections)
  ].join("\n\n")

/** The file; the plots are beside it. */
export const markdown = (sections: ReadonlyArray<Section>, machine: Machine): string =>
  `# Measured beside other libraries

Written by \`pnpm bench\`. All figures are from one run.

**Where.** ${machine.cores} cores (${machine.processor}), ${machine.system}, Node ${machine.node}. The server is a plain \`node:http\`
server on loopback, in a process of its own, and uses the same cores. The library is compiled from its source in
the same way as the npm package. Compare the figures within this run only, because another machine gives other times.

${verdictTable(sections)}

![GETs a second](reports/throughput.svg)

![The slowest call of each half second, while tokens end](reports/expiries.svg)

## The libraries, and how they are used

${[...contenders(false), TutorialClass].map(({ name, usage }) => `- **${name}**: ${usage}.`).join("\n")}

${sections.map(chapter).join("\n\n")}

## Again

\`\`\`sh
npx -y pnpm@10.34.9 bench          # all of it, with Debian's python3-requests and redis-server
npx -y pnpm@10.34.9 bench --quick  # B1, B2, B4, B6, B7, B8 and B13 in a minute; writes nothing
\`\`\`
`

/** For machines: the figures, and whether the goals are met. */
export const json = (sections: ReadonlyArray<Section>, machine: Machine): string =>
  `${JSON.stringify(
    {
      machine,
      figures: sections.flatMap(({ figures, id }) =>
        figures.map((figure) => ({
          id,
          name: figure.name,
          unit: figure.unit,
          better: figure.better,
          ours: figure.ours,
          peers: figure.peers,
          controls: figure.controls ?? {},
          ratio: ratio(figure) ?? null
        }))
      ),
      goals: sections.flatMap(({ id, verdicts }) =>
        verdicts.map(({ found, goal, isMet }) => ({ id, goal, found, isMet }))
      )
    },
    null,
    2
  )}\n`
