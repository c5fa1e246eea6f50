import { expect, test } from 'vitest'
import { type PartOptions, partsOf } from '../../../bench/main-parts.ts'
import { withBlock } from '../../../bench/report/block.ts'
import { documentOf } from '../../../bench/report/document.ts'
import { wrap } from '../../../bench/report/markdown.ts'
import { textOf } from '../../../bench/report/results.ts'

const asked = (changes: Partial<PartOptions> = {}): PartOptions => ({
  ...{ rounds: undefined, seconds: undefined, peers: '', scenarios: '' },
  ...changes,
})

test('what was not measured is said to be so', () => {
  expect(documentOf({}).match(/Not measured yet\./g)).toHaveLength(4)
})

test('the block of the README is written between its marks, and nothing else is touched', () => {
  const readme = 'a\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nz\n'
  const written = withBlock(readme, {})
  expect(written).toMatch(/^a\n<!-- benchmarks -->\n[\s\S]+\n<!-- \/benchmarks -->\nz\n$/)
  expect(written).not.toContain('old')
  expect(withBlock(written, {})).toBe(written)
})

test('figures of a machine that was not idle say so, in the README, too', () => {
  const kept = {
    ...{ command: 'npm run bench -- --only boot', date: 'today', machine: 'one', how: 'so', versions: {} },
    ...{ node: 'v20.0.0', skipped: {}, rows: [] },
  }
  const marks = '<!-- benchmarks --><!-- /benchmarks -->'
  expect(withBlock(marks, { http: { ...kept, busy: 3 } })).toContain('not idle')
  expect(documentOf({ http: { ...kept, busy: 3 } })).toContain('not idle')
  expect(withBlock(marks, { http: { ...kept, busy: 0.2 } })).not.toContain('not idle')
  expect(documentOf({ http: { ...kept, busy: 0.2 } })).not.toContain('not idle')
})

test('a README without marks is an error that says what to write', () => {
  expect(() => withBlock('nothing', {})).toThrow(/no <!-- benchmarks -->/)
})

test('prose is broken at 118 columns and nowhere within a word', () => {
  const text = 'word '.repeat(60).trim()
  const lines = wrap(text, '- ', '  ').split('\n')
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.every((line) => line.length <= 118)).toBe(true)
  expect(lines.map((line) => line.slice(2)).join(' ')).toBe(text)
})

test('results are kept with a line for each row', () => {
  const results = { date: 'today', rows: [{ a: 1 }, { a: 2 }], none: [], gone: undefined }
  const text = textOf(results)
  expect(text.split('\n').filter((line) => line.includes('"a"'))).toHaveLength(2)
  expect(JSON.parse(text)).toEqual({ date: 'today', rows: [{ a: 1 }, { a: 2 }], none: [] })
})

test('a part is run with what repeats it, and not when none of its servers is asked for', () => {
  expect(partsOf(asked({ rounds: 4 })).wsgi).toMatchObject({ said: ['--rounds 4', '--seconds 1'] })
  expect(partsOf(asked({ peers: 'pm2' })).wsgi).toHaveProperty('skipped')
  expect(partsOf(asked({ peers: 'pm2' })).http).toMatchObject({
    args: expect.arrayContaining(['node:http,pm2']),
    said: expect.arrayContaining(["--peers 'pm2'"]),
  })
})
