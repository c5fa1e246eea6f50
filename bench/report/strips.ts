/**
 * Latency over time, a strip a server: the slowest answer of each stretch on a logarithmic scale, and below the line what
 * failed. Pure.
 */
import { number } from './markdown.ts'
import { boxes, line, picture, text } from './svg.ts'

export interface StripOf {
  readonly label: string
  readonly ours: boolean
  /** Milliseconds; 0: nothing was answered. */
  readonly slowest: readonly number[]
  readonly failed: readonly number[]
  /** Milliseconds from the beginning to the order, and to where the server had settled (or was given up). */
  readonly order: number
  readonly settled: number
}

export interface Strips {
  readonly title: string
  /** A second line below the title. */
  readonly words: string
  /** Milliseconds that one value stands for. */
  readonly stretch: number
  readonly strips: readonly StripOf[]
}

const [width, left, right, top] = [860, 150, 90, 62] as const
/** Of one strip: the part for latencies, the part for failures, and the space below. */
const [tall, deep, space] = [48, 16, 10] as const
const marks = [1, 10, 100, 1000] as const
const decades = 4

/** From 1 ms to 10 s. */
const heightOf = (milliseconds: number): number =>
  (Math.min(decades, Math.max(0, Math.log10(Math.max(1, milliseconds)))) / decades) * tall

const depthOf = (failures: number): number => Math.min(deep, 4 + Math.log2(failures + 1) * 2)

const stripAt = (strip: StripOf, y: number, each: number, stretch: number): string[] => {
  const base = y + tall
  const x = (index: number) => left + index * each
  const sum = strip.failed.reduce((total, count) => total + count, 0)
  return [
    text(left - 10, base - tall / 2, strip.label, { anchor: 'end' }),
    ...marks.map((mark) =>
      line(left, base - heightOf(mark), width - right, base - heightOf(mark), mark === 1 ? 'line' : 'grid'),
    ),
    boxes(
      strip.slowest.flatMap((value, index) => {
        const height = heightOf(value)
        return height > 0 ? [[x(index), base - height, each, height] as const] : []
      }),
      strip.ours ? 'ours' : 'theirs',
    ),
    boxes(
      strip.failed.flatMap((count, index) =>
        count > 0 ? [[x(index), base + 1, each, depthOf(count)] as const] : [],
      ),
      'failed',
    ),
    ...[strip.order, strip.settled].map((moment) =>
      line(x(moment / stretch), y, x(moment / stretch), base + deep, 'range'),
    ),
    text(width - right + 8, base - heightOf(10) + 4, '10 ms', { style: 'faint' }),
    text(width - right + 8, base - heightOf(1000) + 4, '1 s', { style: 'faint' }),
    ...(sum > 0 ? [text(width - right + 8, base + 13, `${number(sum)} failed`, { style: 'failed' })] : []),
  ]
}

export const strips = ({ title, words, stretch, strips: all }: Strips): string => {
  const longest = Math.max(1, ...all.map(({ slowest }) => slowest.length))
  const each = (width - left - right) / longest
  const pitch = tall + deep + space
  const seconds = Math.floor((longest * stretch) / 1000)
  const foot = top + all.length * pitch
  return picture({
    width,
    height: foot + 26,
    title,
    body: [
      text(12, 22, title, { style: 'title' }),
      text(12, 42, words, { style: 'faint' }),
      ...all.flatMap((strip, index) => stripAt(strip, top + index * pitch, each, stretch)),
      ...Array.from({ length: seconds + 1 }, (_, second) =>
        text(left + ((second * 1000) / stretch) * each, foot + 12, `${second} s`, {
          style: 'faint',
          anchor: 'middle',
        }),
      ),
    ],
  })
}
