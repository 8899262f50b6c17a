/** Bars of a quantity, as an SVG that can be read on light and on dark ground. */
import { number } from "./Table.js"

export interface Bar {
  readonly name: string
  readonly value: number
  readonly kind: "ours" | "peer" | "control"
}

const width = 760
const rowHeight = 30
const top = 60
const left = 300
const longest = 380

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .peer { fill: #afb8c1 }
  .ours { fill: #0969da }
  .control { fill: none; stroke: #afb8c1; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .peer { fill: #656c76 }
    .ours { fill: #4493f8 }
    .control { stroke: #656c76 }
  }
`

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** In the order that they are given; all begin at 0. */
export const svg = (title: string, note: string, bars: ReadonlyArray<Bar>): string => {
  const greatest = Math.max(...bars.map(({ value }) => value))
  const rows = bars.flatMap(({ kind, name, value }, index) => {
    const y = top + index * rowHeight
    const length = (value / greatest) * longest
    return [
      `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${escape(name)}</text>`,
      `<rect class="${kind}" x="${left}" y="${y}" width="${length.toFixed(1)}" height="22" rx="3"/>`,
      `<text x="${(left + length + 8).toFixed(1)}" y="${y + 16}">${number(value)}</text>`
    ]
  })
  const height = top + bars.length * rowHeight + 10
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    `<text class="title" x="20" y="24">${escape(title)}</text>`,
    `<text x="20" y="44">${escape(note)}</text>`,
    ...rows,
    "</svg>",
    ""
  ].join("\n")
}
