import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  longestBinary,
  longestLine,
  type ProxyMode,
  type Reading,
  readProxyHeader,
} from '../../../../src/http/intake/proxy-protocol.ts'
import {
  binary,
  blockOf,
  checked,
  crc32c,
  type Ends,
  line,
  packet,
  signature,
  vector,
} from './proxy-writer.ts'

const four: Ends = {
  family: 4,
  source: '192.0.2.1',
  destination: '198.51.100.2',
  sourcePort: 56324,
  destinationPort: 443,
}
const six: Ends = { ...four, family: 6, source: '2001:db8::1', destination: '2001:db8::2' }
const read = (bytes: Buffer | string, mode: ProxyMode = 'auto'): Reading =>
  readProxyHeader(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, mode)
const client = (reading: Reading) =>
  reading.is === 'header' ? (reading.header.ends?.source ?? 'own') : reading.is
const reasonOf = (reading: Reading) => (reading.is === 'refused' ? reading.reason : reading.is)

describe('version 1', () => {
  test('is a line with the client, the address it came to, and nothing behind it', () => {
    const bytes = Buffer.concat([line(four), Buffer.from('GET / HTTP/1.1\r\n')])
    expect(read(bytes)).toEqual({
      is: 'header',
      length: line(four).length,
      header: {
        version: 1,
        ends: {
          source: { address: '192.0.2.1', port: 56324, family: 'IPv4' },
          destination: { address: '198.51.100.2', port: 443, family: 'IPv4' },
        },
      },
    })
  })

  test.each([
    ['PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::1 0 65535\r\n', { address: '2001:db8::1', port: 0, family: 'IPv6' }],
    ['PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n', { address: '192.0.2.1', port: 1, family: 'IPv4' }],
    ['PROXY TCP6 ::FFFF:c000:201 ::1 1 2\r\n', { address: '192.0.2.1', port: 1, family: 'IPv4' }],
    ['PROXY UNKNOWN\r\n', 'own'],
    ['PROXY UNKNOWN \r\n', 'own'],
    ['PROXY UNKNOWN ffff:f::ffff what ever 99999\r\n', 'own'],
    [`PROXY UNKNOWN ${'x'.repeat(longestLine - 16)}\r\n`, 'own'],
  ])('%j: %j', (text, expected) => {
    expect(client(read(text))).toEqual(expected)
  })

  test.each([
    '',
    'P',
    'PROXY',
    'PROXY ',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r',
    `PROXY ${'x'.repeat(100)}`,
  ])('%j waits for more', (text) => {
    expect(read(text)).toEqual({ is: 'more' })
  })

  const words = 'the PROXY line does not hold two IPv4 addresses and two ports'
  const sixes = words.replace('IPv4', 'IPv6')
  const protocols = 'the PROXY line names neither TCP4, TCP6 nor UNKNOWN'
  const ending = 'the PROXY line does not end with CRLF'
  const long = 'the PROXY line is longer than 107 bytes'
  const none = 'the connection does not begin with a PROXY header'
  test.each([
    ['GET / HTTP/1.1\r\n', none],
    [' PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n', none],
    ['\r\nPROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n', none],
    ['proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n', none],
    ['PROXYTCP4 ', none],
    ['PROXY\r\n', none],
    ['PROXY \r\n', protocols],
    ['PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n', protocols],
    ['PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n', protocols],
    ['PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n', protocols],
    ['PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n', protocols],
    ['PROXY UNKNOWNS\r\n', protocols],
    ['PROXY constructor 1.1.1.1 2.2.2.2 1 2\r\n', protocols],
    ['PROXY TCP4\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n', words],
    ['PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n', words],
    ['PROXY TCP4\t1.1.1.1 2.2.2.2 1 2\r\n', protocols],
    ['PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n', words],
    ['PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n', words],
    ['PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n', words],
    ['PROXY TCP4 ::1 2.2.2.2 1 2\r\n', words],
    ['PROXY TCP4 1.1.1.1 ::1 1 2\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 0x1 2\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2  2\r\n', words],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\0\r\n', words],
    ['PROXY TCP6 1.1.1.1 ::1 1 2\r\n', sixes],
    ['PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', sixes],
    ['PROXY TCP6 ::1::1 ::1 1 2\r\n', sixes],
    ['PROXY TCP6 [::1] ::1 1 2\r\n', sixes],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n', ending],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\r\n', ending],
    ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rG', ending],
    ['PROXY UNKNOWN a\nb\r\n', ending],
    [`PROXY UNKNOWN ${'x'.repeat(longestLine - 15)}\r\n`, long],
    [`PROXY ${'x'.repeat(longestLine - 6)}`, long],
    [`PROXY ${'x'.repeat(longestLine - 7)}\r`, long],
  ])('%j: %s', (text, reason) => {
    expect(reasonOf(read(text))).toBe(reason)
  })
})

const vectors = Buffer.concat([
  vector(1, Buffer.from('h2')),
  vector(4, Buffer.alloc(0)),
  vector(0xe0, Buffer.alloc(9)),
])

describe('version 2', () => {
  test.each([
    ['IPv4', packet(four), { address: '192.0.2.1', port: 56324, family: 'IPv4' }],
    ['IPv6', packet(six), { address: '2001:db8::1', port: 56324, family: 'IPv6' }],
    [
      'IPv4 in IPv6',
      packet({ ...six, source: '::ffff:c000:201' }),
      { address: '192.0.2.1', port: 56324, family: 'IPv4' },
    ],
    ['vectors', packet(four, vectors), { address: '192.0.2.1', port: 56324, family: 'IPv4' }],
    ['a checksum', checked(six, vectors), { address: '2001:db8::1', port: 56324, family: 'IPv6' }],
    ['LOCAL', binary({ command: 0x20, family: 0 }), 'own'],
    ['LOCAL with a block to skip', binary({ command: 0x20, block: Buffer.alloc(300, 7) }), 'own'],
    ['LOCAL of an unknown family', binary({ command: 0x20, family: 0xff, block: Buffer.alloc(1) }), 'own'],
    ['an unspecified family', binary({ family: 0x01, block: Buffer.alloc(5, 7) }), 'own'],
    ['an unspecified transport', binary({ family: 0x10, block: blockOf(four) }), 'own'],
    ['unix addresses', binary({ family: 0x31, block: Buffer.alloc(216) }), 'own'],
    ['the longest', packet(four, vector(4, Buffer.alloc(longestBinary - 16 - 12 - 3))), expect.anything()],
  ])('with %s', (_, bytes, expected) => {
    expect(client(read(bytes))).toEqual(expected)
    expect(read(bytes)).toMatchObject({ is: 'header', length: bytes.length, header: { version: 2 } })
    expect(read(Buffer.concat([bytes, Buffer.from('GET')]))).toEqual(read(bytes))
    for (let length = 0; length < bytes.length; length += 1)
      expect(read(bytes.subarray(0, length))).toEqual({ is: 'more' })
  })

  const broken = (change: (bytes: Buffer) => void, bytes = checked(four, vectors)): Buffer => {
    change(bytes)
    return bytes
  }
  test.each([
    ['another signature', broken((bytes) => bytes.writeUInt8(0x4c, 8)), 'the connection does not begin'],
    ['version 1 with a signature', binary({ command: 0x11 }), 'the PROXY header with a signature is not'],
    ['version 3', binary({ command: 0x31 }), 'the PROXY header with a signature is not of version 2'],
    ['version 3, as soon as it is seen', binary({ command: 0x31 }).subarray(0, 13), 'the PROXY header with'],
    ['an unknown command', binary({ command: 0x22 }), 'the command of the PROXY header is neither'],
    ['an unknown family', binary({ family: 0x41 }), 'the PROXY header names an unknown family'],
    ['an unknown transport', binary({ family: 0x13 }), 'the PROXY header names an unknown family'],
    ['a datagram', binary({ family: 0x12, block: blockOf(four) }), 'the PROXY header tells of a datagram'],
    ['a block too short', binary({ length: 11 }), 'the PROXY header is too short for its addresses'],
    ['IPv6 with a block of IPv4', binary({ family: 0x21, block: blockOf(four) }), 'the PROXY header is too'],
    ['unix addresses cut short', binary({ family: 0x31, length: 215 }), 'the PROXY header is too short'],
    ['a length above the bound', binary({ length: longestBinary - 15 }), 'the PROXY header is longer than'],
    ['a LOCAL above the bound', binary({ command: 0x20, length: 65_535 }), 'the PROXY header is longer'],
    ['a vector beyond the end', packet(four, Buffer.from([1, 0, 2, 0])), 'the vectors of the PROXY header'],
    ['half a vector', packet(four, Buffer.from([1, 0])), 'the vectors of the PROXY header do not fill it'],
    ['a wrong checksum', broken((bytes) => bytes.writeUInt8(9, 16)), 'the checksum of the PROXY header is'],
    ['a checksum of no size', packet(four, vector(3, Buffer.alloc(3))), 'the PROXY header has no proper'],
    [
      'two checksums',
      packet(four, Buffer.concat([vector(3, Buffer.alloc(4)), vector(3, Buffer.alloc(4))])),
      'the PROXY header has no proper checksum',
    ],
  ])('%s is refused', (_, bytes, reason) => {
    expect(reasonOf(read(bytes))).toContain(reason)
  })

  test('the checksum the tests write is the standard one', () => {
    // RFC 3720, B.4 and the usual check value.
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  })
})

describe('the mode', () => {
  test.each([
    ['v1', line(four), 'header'],
    ['v1', packet(four), 'refused'],
    ['v1', signature.subarray(0, 1), 'refused'],
    ['v2', line(four), 'refused'],
    ['v2', Buffer.from('P'), 'refused'],
    ['v2', packet(four), 'header'],
    ['auto', line(four), 'header'],
    ['auto', packet(four), 'header'],
  ] as const)('%s: %j is %s', (mode, bytes, is) => {
    expect(read(bytes, mode).is).toBe(is)
  })
})

const ports = fc.integer({ min: 0, max: 65_535 })
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 65_535 }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'))
const anyEnds: fc.Arbitrary<Ends> = fc.oneof(
  fc.record({
    family: fc.constant(4 as const),
    source: fc.ipV4(),
    destination: fc.ipV4(),
    sourcePort: ports,
    destinationPort: ports,
  }),
  fc.record({
    family: fc.constant(6 as const),
    source: ipv6,
    destination: ipv6,
    sourcePort: ports,
    destinationPort: ports,
  }),
)
const anyVectors = fc
  .array(fc.tuple(fc.integer({ min: 4, max: 255 }), fc.uint8Array({ maxLength: 200 })), { maxLength: 5 })
  .map((list) => Buffer.concat(list.map(([type, value]) => vector(type, Buffer.from(value)))))
const anyHeader = fc.oneof(
  anyEnds.map((ends) => ({ ends, bytes: line(ends) })),
  fc.tuple(anyEnds, anyVectors).map(([ends, more]) => ({ ends, bytes: packet(ends, more) })),
  fc.tuple(anyEnds, anyVectors).map(([ends, more]) => ({ ends, bytes: checked(ends, more) })),
)

/** The same address in any spelling: its bytes, IPv4 as mapped. */
const identity = (address: string): string => {
  const { hostname } = new URL(`http://[${address.includes(':') ? address : `::ffff:${address}`}]/`)
  return hostname
}

describe('any header', () => {
  test('that is written is read back, whatever follows, and no beginning of it is taken for it', () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 50 }), fc.nat(), ({ ends, bytes }, rest, cut) => {
        const reading = read(Buffer.concat([bytes, rest]))
        if (reading.is !== 'header' || !reading.header.ends) throw new Error(reasonOf(reading))
        const { source, destination } = reading.header.ends
        expect(reading.length).toBe(bytes.length)
        expect(identity(source.address)).toBe(identity(ends.source))
        expect(identity(destination.address)).toBe(identity(ends.destination))
        expect([source.port, destination.port]).toEqual([ends.sourcePort, ends.destinationPort])
        expect(read(bytes.subarray(0, cut % bytes.length))).toEqual({ is: 'more' })
      }),
      { numRuns: 500 },
    )
  })

  test('that is damaged never throws, and never takes more than there is or than the bound', () => {
    const mode = fc.constantFrom<ProxyMode>('v1', 'v2', 'auto')
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
    fc.assert(
      fc.property(
        anyHeader,
        damage,
        fc.uint8Array({ maxLength: 5000 }),
        mode,
        ({ bytes }, hits, rest, as) => {
          const broken = Buffer.concat([bytes, rest])
          for (const [at, value] of hits) broken.writeUInt8(value, (at % (bytes.length + 1)) % broken.length)
          const reading = read(broken, as)
          if (reading.is === 'more') expect(broken.length).toBeLessThan(longestBinary)
          if (reading.is !== 'header') return
          expect(reading.length).toBeLessThanOrEqual(Math.min(broken.length, longestBinary))
          expect(read(broken.subarray(0, reading.length), as)).toEqual(reading)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('a verdict on a beginning stands, whatever follows', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([signature, bytes])),
      fc.string({ maxLength: 120 }).map((text) => Buffer.from(`PROXY ${text}\r\n`, 'latin1')),
      anyHeader.map(({ bytes }) => bytes),
    )
    fc.assert(
      fc.property(anything, fc.uint8Array({ maxLength: 20 }), (bytes, rest) => {
        const reading = read(bytes)
        if (reading.is === 'more') return
        const later = read(Buffer.concat([bytes, rest]))
        expect(later.is).toBe(reading.is)
        if (reading.is === 'header') expect(later).toEqual(reading)
      }),
      { numRuns: 1000 },
    )
  })
})
