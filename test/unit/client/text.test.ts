import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Column, fitting, renderTable } from '../../../src/client/table.ts'
import { cut, fill, harmless, harmlessLines, widthOf } from '../../../src/client/text.ts'
import { ago, count, percent, quick, rate, size, span } from '../../../src/client/units.ts'
import { hasColour, paintWith } from '../../../src/client/world.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const control = /[\x00-\x1f\x7f-\x9f]/

describe('text', () => {
  test('wide letters take two columns, marks none, colours none', () => {
    expect(['abc', '日本', 'e\u0301', '\x1b[31mred\x1b[39m', '🚀'].map(widthOf)).toEqual([3, 4, 1, 3, 2])
  })

  test('what is cut fits, and says that something is missing', () => {
    expect([cut('abcdef', 4), cut('abcd', 4), cut('日本語', 4), cut('abc', 0)]).toEqual([
      'abc…',
      'abcd',
      '日…',
      '',
    ])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        expect(widthOf(cut(harmless(text), columns))).toBeLessThanOrEqual(columns)
      }),
    )
  })

  test('filled text is as wide as it was asked to be', () => {
    expect([fill('日', 4, 'left'), fill('日', 4, 'right')]).toEqual(['日  ', '  日'])
  })

  test('no control character survives, whatever a client sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(harmless(text)).not.toMatch(control)
      }),
    )
    expect(harmlessLines('a\tb\n\x1b[2J\n')).toEqual(['a    b', '\\x1b[2J'])
  })
})

describe('units', () => {
  test.each([
    [quick, null, '-'],
    [quick, 0, '0'],
    [quick, 0.00085, '850 us'],
    [quick, 0.0012, '1.2 ms'],
    [quick, 0.034, '34 ms'],
    [quick, 0.9999, '1 s'],
    [quick, 3.44, '3.4 s'],
    [quick, 125, '2m 5s'],
    [span, 0, '0s'],
    [span, 59.9, '59s'],
    [span, 3600, '1h'],
    [span, 3725, '1h 2m'],
    [span, 3 * 86_400 + 4 * 3600 + 5, '3d 4h'],
    [size, 0, '0 B'],
    [size, 1023, '1 kB'],
    [size, 3_565_158, '3.4 MB'],
    [size, 125_829_120, '120 MB'],
    [percent, 0.004, '0.4 %'],
    [percent, 0.87, '87 %'],
    [count, 12_345_678, '12,345,678'],
    [count, 999, '999'],
    [rate, 3.21, '3.2'],
    [rate, 12_300, '12,300'],
  ] as const)('%o(%d) is %s', (words, value, text) => expect(words(value)).toBe(text))

  test('moments are told by their distance', () => {
    expect(ago('2026-01-01T00:00:00.000Z', Date.parse('2026-01-01T00:03:07.500Z'))).toBe('3m 7s ago')
  })
})

describe('colours', () => {
  const flags = (...names: readonly string[]) => new Map(names.map((name) => [name, '']))
  test.each([
    ['a terminal', [], {}, true, true],
    ['a pipe', [], {}, false, false],
    ['a dumb terminal', [], { TERM: 'dumb' }, true, false],
    ['NO_COLOR', [], { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR', [], { NO_COLOR: '' }, true, true],
    ['--color into a pipe', ['color'], {}, false, true],
    ['--no-color', ['no-color'], {}, true, false],
  ] as const)('%s', (_, names, env, isTTY, expected) => {
    expect(hasColour(flags(...names), env, { isTTY })).toBe(expected)
  })
})

describe('tables', () => {
  interface Row {
    readonly name: string
    readonly size: string
    readonly note: string
  }
  const columns: readonly Column<Row>[] = [
    { title: 'NAME', text: ({ name }) => name, style: (_, paint) => paint.green },
    { title: 'SIZE', align: 'right', priority: 1, text: (row) => row.size },
    { title: 'NOTE', priority: 2, text: ({ note }) => note },
  ]
  const rows: readonly Row[] = [
    { name: '日本', size: '5', note: 'first' },
    { name: 'b', size: '12345', note: '' },
  ]
  const plain = paintWith(false)

  test('columns are aligned, also of wide letters, and no line ends in spaces', () => {
    expect(renderTable(columns, rows, { width: Number.POSITIVE_INFINITY, paint: plain })).toEqual([
      'NAME   SIZE  NOTE',
      '日本      5  first',
      'b     12345',
    ])
  })

  test('colours do not move anything', () => {
    const painted = renderTable(columns, rows, { width: 80, paint: paintWith(true) })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are told by them.
    const bare = painted.map((line) => line.replace(/\x1b\[\d+m/g, ''))
    expect(bare).toEqual(renderTable(columns, rows, { width: 80, paint: plain }))
    expect(painted.join('')).toContain('\x1b[32m')
  })

  test('a narrow terminal loses the columns of the highest priority first, then the ends of cells', () => {
    const at = (width: number) => renderTable(columns, rows, { width, paint: plain })[0]
    expect([at(17), at(16), at(10), at(3)]).toEqual(['NAME   SIZE', 'NAME   SIZE', 'NAME', 'NA…'])
    expect(at(18)).toBe('NAME   SIZE  NOTE')
  })

  test('no line is ever wider than the terminal', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.string(), { maxLength: 4 }),
        (width, names) => {
          const some = names.map((name) => ({ name, size: name, note: name }))
          for (const line of renderTable(columns, some, { width, paint: plain }))
            expect(widthOf(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })

  test('what must stay stays', () => {
    expect(fitting([0, 1, 0], [10, 10, 10], 5)).toEqual([0, 2])
  })
})
