import { describe, expect, test } from 'vitest'
import { bars } from '../../../bench/report/bars.ts'
import { strips } from '../../../bench/report/strips.ts'

/** The elements of a picture in order; throws where one is not closed, or closed by another's end. */
const elementsOf = (svg: string): string[] => {
  const open: string[] = []
  const names: string[] = []
  for (const [, end = '', name = '', single = ''] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (end === '') names.push(name)
    if (end === '/') expect(open.pop()).toBe(name)
    else if (single === '') open.push(name)
  }
  expect(open).toEqual([])
  // What is left of all tags is text, and no mark of a tag stands in it.
  expect(svg.replaceAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g, '')).not.toMatch(/[<>]/)
  return names
}

const widthOf = (svg: string, kind: string): number[] =>
  [...svg.matchAll(new RegExp(`<rect class="${kind}" [^>]*width="([\\d.]+)"`, 'g'))].map(([, width]) =>
    Number(width),
  )

describe('bars', () => {
  const chart = bars({
    title: 'a < b & "c"',
    groups: [
      {
        name: 'hello',
        bars: [
          { label: 'tsgunicorn', values: [100, 300, 200], ours: true },
          { label: 'other', values: [100], ours: false },
        ],
      },
      { name: 'none', bars: [] },
    ],
  })

  test('are well-formed, with the title escaped', () => {
    expect(elementsOf(chart)[0]).toBe('svg')
    expect(chart).toContain('<title>a &lt; b &amp; &quot;c&quot;</title>')
  })

  test('are as long as their medians, on one scale', () => {
    const [ours, theirs] = [widthOf(chart, 'ours'), widthOf(chart, 'theirs')]
    expect(ours[0]).toBeCloseTo((theirs[0] ?? 0) * 2, 1)
    expect(chart).toContain('>200</text>')
  })

  test('have a line from least to most where rounds differ, and only there', () => {
    expect(chart.match(/class="range"/g)).toHaveLength(1)
  })

  test('leave out a group that has none', () => {
    expect(chart).not.toContain('>none<')
  })

  test('have colours for dark pages, too', () => {
    expect(chart).toContain('prefers-color-scheme: dark')
  })
})

describe('strips', () => {
  const chart = strips({
    title: 'reload',
    words: 'All workers are replaced.',
    stretch: 100,
    strips: [
      {
        label: 'tsgunicorn',
        ours: true,
        slowest: [10, 1000, 0, 20_000],
        failed: [0, 0, 7, 1],
        ...{ order: 100, settled: 300 },
      },
    ],
  })
  /** The heights of the boxes that a shape is made of. */
  const heightsOf = (kind: string): number[] => {
    const [, shape = ''] = new RegExp(`<path class="${kind}" d="([^"]*)"`).exec(chart) ?? []
    return [...shape.matchAll(/M[\d.]+ [\d.]+v([\d.]+)h/g)].map(([, height]) => Number(height))
  }
  const heights = heightsOf('ours')

  test('are well-formed', () => {
    expect(elementsOf(chart)[0]).toBe('svg')
  })

  test('have a box for each stretch with answers, logarithmic and never above the top', () => {
    expect(heights).toHaveLength(3)
    expect(heights[1]).toBeCloseTo((heights[0] ?? 0) * 3, 1)
    expect(heights[2]).toBeCloseTo((heights[0] ?? 0) * 4, 1)
  })

  test('tell failed requests where they failed, and how many there are', () => {
    expect(heightsOf('failed')).toHaveLength(2)
    expect(chart).toContain('>8 failed</text>')
  })
})
