import { isIPv6 as isIPv6OfNode } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isIPv6 } from '../../../../src/http/h1/host.ts'

describe('an IPv6 literal', () => {
  test.each([
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '1:2:3:4:5:6:192.0.2.1',
    '1::8',
    '::2:3:4:5:6:7:8',
  ])('%s is one', (text) => expect(isIPv6(text)).toBe(true))

  test.each([
    '',
    ':',
    ':::',
    ':::::',
    '1:::2',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3.256',
    '1.2.3.4',
    '1.2.3.4::',
    '::1%eth0',
    '1:2:3:4:5:6:7::8',
  ])('%s is none', (text) => expect(isIPv6(text)).toBe(false))

  test('is what node takes for one, but for zones', () => {
    const piece = fc.constantFrom('', '0', '1', 'ffff', 'g', '12345', '192.0.2.1', '1.2.3', '256.1.1.1')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join(':')
        expect(isIPv6(text)).toBe(isIPv6OfNode(text))
      }),
      { numRuns: 5000 },
    )
  })
})
