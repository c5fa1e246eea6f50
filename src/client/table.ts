/** Tables of plain columns: aligned, and narrowed by leaving out columns by their priority. It knows no server. */

import { cut, fill, harmless, widthOf } from './text.ts'
import type { Paint } from './world.ts'

export type Style = (text: string) => string

export interface Column<Row> {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** 0 is never left out; the highest goes first when the terminal is narrow. */
  readonly priority?: number
  readonly text: (row: Row) => string
  readonly style?: (row: Row, paint: Paint) => Style | undefined
}

export interface TableOptions {
  /** Columns of the terminal; Infinity for a pipe: nothing is left out or cut. */
  readonly width: number
  readonly paint: Paint
}

const gap = '  '

/** The lines of the table: titles, then a line for each row, without spaces at the end. */
export const renderTable = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: TableOptions,
): readonly string[] => {
  const cells = columns.map((column) => rows.map((row) => harmless(column.text(row))))
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...(cells[at] ?? []).map((text) => widthOf(text))),
  )
  const kept = fitting(
    columns.map(({ priority = 0 }) => priority),
    widths,
    width,
  )
  const line = (textOf: (at: number) => string, styleOf: (at: number) => Style | undefined): string =>
    joined(kept, widths, width, (at) => ({
      text: textOf(at),
      align: columns[at]?.align ?? 'left',
      style: styleOf(at),
    }))
  const head = line(
    (at) => columns[at]?.title ?? '',
    () => paint.dim,
  )
  const body = rows.map((row, index) =>
    line(
      (at) => cells[at]?.[index] ?? '',
      (at) => columns[at]?.style?.(row, paint),
    ),
  )
  return [head, ...body]
}

interface Cell {
  readonly text: string
  readonly align: 'left' | 'right'
  readonly style: Style | undefined
}

const joined = (
  kept: readonly number[],
  widths: readonly number[],
  width: number,
  cellOf: (at: number) => Cell,
): string => {
  let left = width
  let line = ''
  for (const [place, at] of kept.entries()) {
    const { text, align, style } = cellOf(at)
    const last = place === kept.length - 1
    const columns = Math.min(widths[at] ?? 0, left)
    const shown = cut(text, columns)
    const filled = last && align === 'left' ? shown : fill(shown, columns, align)
    left -= columns + gap.length
    // Spaces stay outside of the colours, so that those at the end of a line can go.
    const painted = style === undefined || shown === '' ? filled : filled.replace(shown, () => style(shown))
    line += (place === 0 ? '' : gap) + painted
  }
  return line.trimEnd()
}

/** Places of the columns that fit into `width`: the one of the highest priority goes until they do. */
export const fitting = (
  priorities: readonly number[],
  widths: readonly number[],
  width: number,
): readonly number[] => {
  let kept = priorities.map((_, at) => at)
  const total = () =>
    kept.reduce((sum, at) => sum + (widths[at] ?? 0), 0) + gap.length * Math.max(0, kept.length - 1)
  while (total() > width) {
    const highest = Math.max(...kept.map((at) => priorities[at] ?? 0))
    if (highest <= 0) break
    const victim = kept.findLast((at) => priorities[at] === highest)
    kept = kept.filter((at) => at !== victim)
  }
  return kept
}
