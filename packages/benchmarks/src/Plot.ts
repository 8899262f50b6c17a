/** Lines over a number, as an SVG that can be read on light and on dark ground. */
import { Array } from "effect"
import * as Table from "./Table.js"

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Line {
  readonly name: string
  readonly points: ReadonlyArray<Point>
  /** A single point that belongs to it, drawn as a ring. */
  readonly mark?: Point
  /** The point at which its name stands; default its last one. */
  readonly named?: Point
}

export interface Plot {
  readonly title: string
  /** Says what there is to know, as what the rings are. */
  readonly note: string
  /** With their units. */
  readonly x: string
  readonly y: string
  readonly lines: ReadonlyArray<Line>
}

const width = 760
const height = 420
const frame = { left: 70, right: 20, top: 65, bottom: 55 }

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .line { fill: none; stroke-width: 2 }
  .c0 { stroke: #0969da; fill: #0969da }
  .c1 { stroke: #bc4c00; fill: #bc4c00 }
  .c2 { stroke: #1a7f37; fill: #1a7f37 }
  .c3 { stroke: #8250df; fill: #8250df }
  polyline.line, circle.mark { fill: none }
  .mark { stroke-width: 2 }
  text[class] { stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .grid { stroke: #3d444d }
    .c0 { stroke: #4493f8; fill: #4493f8 }
    .c1 { stroke: #f0883e; fill: #f0883e }
    .c2 { stroke: #3fb950; fill: #3fb950 }
    .c3 { stroke: #a371f7; fill: #a371f7 }
  }
`

/** The least of 1, 2, 2.5 and 5, and their tenfolds, that cuts 0 to `greatest` into five parts or fewer. */
const stepOf = (greatest: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(greatest, 1e-9) / 5))
  return (
    Array.findFirst([1, 2, 2.5, 5], (factor) => factor * power * 5 >= greatest).pipe((found) =>
      found._tag === "Some" ? found.value : 10
    ) * power
  )
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const at = (value: number): string => value.toFixed(1)

/** Both axes begin at 0. */
export const svg = ({ lines, note, title, x, y }: Plot): string => {
  const points = lines.flatMap(({ mark, points }) => (mark === undefined ? points : [...points, mark]))
  const xStep = stepOf(Math.max(...points.map((point) => point.x)))
  const yStep = stepOf(Math.max(...points.map((point) => point.y)))
  const ticks = Array.range(0, 5)
  const toX = (value: number) => frame.left + (value / (5 * xStep)) * (width - frame.left - frame.right)
  const toY = (value: number) => height - frame.bottom - (value / (5 * yStep)) * (height - frame.top - frame.bottom)
  const digitsOf = (step: number) => (Number.isInteger(step) ? 0 : step < 1 ? 2 : 1)

  const text = (x: number, y: number, anchor: string, content: string, more = "") =>
    `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${more}>${escape(content)}</text>`
  const gridLine = (from: Point, to: Point) =>
    `<line class="grid" x1="${at(from.x)}" y1="${at(from.y)}" x2="${at(to.x)}" y2="${at(to.y)}"/>`

  const grid = ticks.flatMap((tick) => [
    gridLine({ x: toX(0), y: toY(tick * yStep) }, { x: toX(5 * xStep), y: toY(tick * yStep) }),
    text(toX(0) - 8, toY(tick * yStep) + 4, "end", Table.number(tick * yStep, digitsOf(yStep))),
    gridLine({ x: toX(tick * xStep), y: toY(0) }, { x: toX(tick * xStep), y: toY(0) + 5 }),
    text(toX(tick * xStep), toY(0) + 20, "middle", Table.number(tick * xStep, digitsOf(xStep)))
  ])

  const drawn = lines.flatMap(({ mark, name, named, points }, index) => {
    const way = points.map((point) => `${at(toX(point.x))},${at(toY(point.y))}`).join(" ")
    const last = named ?? points.at(-1) ?? mark ?? { x: 0, y: 0 }
    return [
      `<polyline class="line c${index}" points="${way}"/>`,
      ...points.map((point) => `<circle class="c${index}" cx="${at(toX(point.x))}" cy="${at(toY(point.y))}" r="3"/>`),
      text(toX(last.x), toY(last.y) - 10, "end", name, ` class="c${index}"`),
      ...(mark === undefined
        ? []
        : [`<circle class="mark c${index}" cx="${at(toX(mark.x))}" cy="${at(toY(mark.y))}" r="7"/>`])
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    text(frame.left, 24, "start", title, ' class="title"'),
    text(frame.left, 44, "start", note),
    ...grid,
    text((frame.left + width - frame.right) / 2, height - 12, "middle", x),
    text(0, 0, "middle", y, ` transform="translate(18 ${(height + frame.top - frame.bottom) / 2}) rotate(-90)"`),
    ...drawn,
    "</svg>",
    ""
  ].join("\n")
}
