/** Bars with ranges: the median is the bar, least and most are a line over its end. Pure. */
import { median } from '../statistics.ts'
import { number } from './markdown.ts'
import { box, line, picture, text } from './svg.ts'

export interface Bar {
  readonly label: string
  /** One a round. */
  readonly values: readonly number[]
  /** Ours stand out. */
  readonly ours: boolean
}

export interface Bars {
  readonly title: string
  /** Groups share one scale. */
  readonly groups: readonly { readonly name: string; readonly bars: readonly Bar[] }[]
}

const [width, left, right, height, gap] = [760, 220, 110, 22, 34] as const
const room = width - left - right

const barOf = ({ label, values, ours }: Bar, y: number, most: number): string[] => {
  const to = (value: number) => left + (value / most) * room
  const [least, greatest, middle] = [Math.min(...values), Math.max(...values), median(values)]
  const centre = y + height / 2
  return [
    text(left - 8, centre + 4, label, { anchor: 'end' }),
    box(left, y + 4, to(middle) - left, height - 8, ours ? 'ours' : 'theirs'),
    ...(greatest > least ? [line(to(least), centre, to(greatest), centre, 'range')] : []),
    text(Math.max(to(greatest), to(middle)) + 6, centre + 4, number(middle)),
  ]
}

export const bars = ({ title, groups }: Bars): string => {
  const shown = groups.filter((group) => group.bars.length > 0)
  const most = Math.max(1, ...shown.flatMap((group) => group.bars.flatMap(({ values }) => values)))
  const body = [text(12, 22, title, { style: 'title' })]
  let y = 34
  for (const group of shown) {
    body.push(text(12, y + 16, group.name, { style: 'faint' }))
    y += gap - height + 12
    for (const bar of group.bars) {
      body.push(...barOf(bar, y, most))
      y += height
    }
    y += 6
  }
  body.push(line(left, 40, left, y - 6, 'line'))
  return picture({ width, height: y + 6, title, body })
}
