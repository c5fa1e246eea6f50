/**
 * The work is linear in the bytes, however they come. Each scan goes once over the bytes it is given, so these are
 * counted. Time is not measured: machines differ.
 */
import { afterEach, expect, test, vi } from 'vitest'
import { ChunkFraming } from '../../../../src/http/h1/chunks.ts'
import { FieldSection } from '../../../../src/http/h1/field-section.ts'
import { Gathering } from '../../../../src/http/h1/gathering.ts'
import { RequestLine } from '../../../../src/http/h1/request-line.ts'
import { bytes, feed } from './harness.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const most = 16 * 1024 * 1024
const wide = { line: Infinity, fieldSize: Infinity, head: most, chunkLine: most, chunkExtensions: most }

const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const texts = [
  `GET /${'a'.repeat(20_000)}`,
  `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}`,
  `GET / HTTP/1.1\r\nHost: a\r\n${'Y: z\r\n'.repeat(90)}`,
  `${head}1;a=${'b'.repeat(20_000)}`,
  `${head}0\r\nX: ${'b'.repeat(10_000)}`,
]

test.each([1, 7, 1000, 30_000])('in pieces of %d a byte is given to a scan a few times at most', (size) => {
  for (const text of texts) {
    const scans = [
      vi.spyOn(RequestLine.prototype, 'read'),
      vi.spyOn(FieldSection.prototype, 'read'),
      vi.spyOn(ChunkFraming.prototype, 'read'),
    ]
    const whole = bytes(text)
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
      whole.subarray(index * size, (index + 1) * size),
    )
    expect(feed(pieces, { limits: wide }).refusal?.reason).toBe('the request was cut short')
    const scanned = scans.flatMap(({ mock }) => mock.calls.map(([, start, end]) => end - start))
    const sum = scanned.reduce((total, one) => total + one, 0)
    expect(sum).toBeGreaterThanOrEqual(whole.length)
    expect(sum).toBeLessThan(4 * whole.length + 200)
    vi.restoreAllMocks()
  }
})

test('gathering copies each byte a few times at most', () => {
  let copied = 0
  const source = bytes('x')
  const gathered = new Gathering(source, 0, 1)
  let capacity = gathered.buffer.length
  for (let count = 1; count < 100_000; count += 1) {
    gathered.append(source, 0, 1)
    if (gathered.buffer.length !== capacity) copied += capacity
    capacity = gathered.buffer.length
  }
  expect(gathered.length).toBe(100_000)
  expect(copied).toBeLessThan(200_000)
})
