/** Tables that are read as Markdown and as they are. */
import { Array } from "effect"

export type Row = ReadonlyArray<string>

/** The first column is text, the others are numbers. */
export const table = (head: Row, rows: ReadonlyArray<Row>): string => {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: Row) => `| ${cells.join(" | ")} |`
  const pad = (row: Row) =>
    line(
      Array.map(widths, (width, column) =>
        column === 0 ? (row[column] ?? "").padEnd(width) : (row[column] ?? "").padStart(width)
      )
    )
  const rule = line(
    Array.map(widths, (width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  )
  return [pad(head), rule, ...rows.map(pad)].join("\n")
}

/** A number with so many digits after the point. */
export const number = (value: number, digits = 0): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
