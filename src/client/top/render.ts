/** `top` as lines: exactly as many as the terminal has, none wider than it. Pure. */
import { summaryLines } from '../summary.ts'
import { fitting, renderTable } from '../table.ts'
import { cut, widthOf } from '../text.ts'
import { rate } from '../units.ts'
import { type WorkerColumn, workerColumns } from '../workers.ts'
import type { Paint } from '../world.ts'
import { sparkline } from './sparkline.ts'
import { keyHelp, selectedAt, sorted, type TopState } from './state.ts'

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly paint: Paint
  /** Milliseconds, of the wall clock. */
  readonly now: number
}

/** Lines of text that the view over the table has. */
export const pageOf = (rows: number): number => Math.max(1, rows - 3)

export const render = (state: TopState, screen: Screen): readonly string[] => {
  const body = state.view.show === 'workers' ? workersView(state, screen) : overView(state, screen)
  const space = Math.max(0, screen.rows - 1)
  const lines = [
    ...body.slice(0, space),
    ...Array.from({ length: Math.max(0, space - body.length) }, () => ''),
  ]
  return [...lines, footer(state, screen)]
}

const workersView = (state: TopState, screen: Screen): readonly string[] => {
  const { columns, rows, paint, now } = screen
  const head = [...summaryLines(state.status, { width: columns, paint, now }), rateLine(state, screen), '']
  const table = tableLines(state, screen)
  const [titles = '', ...workers] = table
  // A low terminal keeps its table: the head gives way.
  const room = Math.max(1, rows - 1)
  const kept = head.slice(0, Math.max(1, room - 1 - Math.min(workers.length, Math.floor(room / 2))))
  const space = Math.max(1, room - kept.length - 1)
  const at = selectedAt(state)
  const first = Math.max(0, Math.min(at - space + 1, workers.length - space))
  return [...kept, titles, ...workers.slice(Math.max(0, first), Math.max(0, first) + space)]
}

const rateLine = ({ rates }: TopState, { columns, paint }: Screen): string => {
  const label = `${rate(rates.at(-1) ?? 0)} requests/s`.padEnd(20)
  const line = sparkline(rates, columns - label.length)
  return cut(label, columns) + paint.cyan(line)
}

const tableLines = (state: TopState, { columns, paint }: Screen): readonly string[] => {
  const marked = workerColumns.map((column) => withMark(column, state))
  const at = selectedAt(state)
  const rows = sorted(state)
  const plain = { width: columns, paint }
  return renderTable(marked, rows, plain).map((line, index) => {
    if (index !== at + 1) return line
    const bare = withoutColours(line)
    // Without colours something else must tell which one it is.
    return paint.isColorSupported
      ? paint.inverse(bare.padEnd(columns - widthOf(bare) + bare.length))
      : cut(`>${bare.slice(1)}`, columns)
  })
}

/** The column by which it is sorted has an arrow; it is never left out. */
const withMark = (column: WorkerColumn, { sort }: TopState): WorkerColumn =>
  column.name === sort.by
    ? { ...column, title: `${column.title}${sort.descending ? '▼' : '▲'}`, priority: 0 }
    : column

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken away.
const withoutColours = (line: string): string => line.replace(/\x1b\[[\d;]*m/g, '')

const overView = ({ view }: TopState, { columns, rows, paint }: Screen): readonly string[] => {
  if (view.show === 'help')
    return [
      paint.bold('Keys'),
      '',
      ...keyHelp.map(([keys, summary]) => cut(`  ${keys.padEnd(18)}${summary}`, columns)),
    ]
  if (view.show !== 'text') return []
  const page = pageOf(rows)
  const shown = view.lines.slice(view.top, view.top + page).map((line) => cut(line, columns))
  const place =
    view.lines.length <= page ? '' : `  ${view.top + 1} to ${view.top + shown.length} of ${view.lines.length}`
  return [paint.bold(cut(`${view.title}${place}`, columns)), '', ...shown]
}

const hints: ReadonlyArray<readonly [priority: number, words: string]> = [
  [0, 'q quit'],
  [1, '? help'],
  [3, 'j/k select'],
  [3, '</> sort'],
  [2, 'd drain'],
  [2, 'r restart'],
  [2, 's stack'],
]

const footer = ({ message }: TopState, { columns, paint }: Screen): string => {
  if (message !== '') return paint.yellow(cut(message, columns))
  const kept = fitting(
    hints.map(([priority]) => priority),
    hints.map(([, words]) => words.length),
    columns,
  )
  return paint.dim(cut(kept.map((at) => hints[at]?.[1] ?? '').join('  '), columns))
}
