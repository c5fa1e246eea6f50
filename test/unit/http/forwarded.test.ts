import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  clientAddress,
  compileSecureHeaders,
  compileTrust,
  hopsOfForwarded,
  nodeAddress,
  plainAddress,
  schemeOf,
} from '../../../src/http/forwarded.ts'

const proxies = compileTrust(['10.0.0.0/8', '127.0.0.1', '2001:db8::/32'])

describe('trust', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['10.200.3.4', true],
    ['::ffff:10.0.0.1', true],
    ['2001:db8::7', true],
    ['2001:db9::7', false],
    ['', true],
    ['not an address', false],
  ])('%j: %s', (address, trusted) => {
    expect(proxies.trusts(address)).toBe(trusted)
  })

  test('* is everyone', () => {
    expect(compileTrust(['*']).trusts('192.0.2.1')).toBe(true)
  })

  test.each(['10.0.0.0/33', '::/129', 'localhost', '10.0.0.0/8/8', '1.2.3.4/', '10.0.0.0/-1', ''])(
    '%j is not an address',
    (entry) => {
      expect(() => compileTrust([entry])).toThrow(`'${entry}' is not an address`)
    },
  )
})

describe('the address of a hop', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:8080', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:80', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['_hidden', undefined],
    ['unknown', undefined],
    ['', undefined],
    ['[192.0.2.1]', undefined],
    ['[2001:db8::1', undefined],
    ['[2001:db8::1]x', undefined],
    ['[2001:db8::1]80', undefined],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['[::ffff:c000:201]:80', '192.0.2.1'],
    ['fe80::1%eth0', undefined],
    ['[fe80::1%25eth0]:80', undefined],
    ['192.0.2.1:_hidden', '192.0.2.1'],
    ['[2001:db8::1]:_hidden.9', '2001:db8::1'],
    ['192.0.2.1:', undefined],
    ['192.0.2.1:_', undefined],
    ['192.0.2.1:999999', undefined],
  ])('%j is %j', (text, address) => {
    expect(nodeAddress(text)).toBe(address)
  })
})

const xff = (...values: string[]) => values.flatMap((value) => ['X-Forwarded-For', value])

describe('the client', () => {
  test.each([
    ['is the peer when it is not trusted', '192.0.2.9', xff('1.1.1.1'), '192.0.2.9'],
    ['is the peer when nothing was forwarded', '127.0.0.1', [], '127.0.0.1'],
    ['is the hop a trusted peer names', '127.0.0.1', xff('1.1.1.1'), '1.1.1.1'],
    ['is the right-most hop that is not trusted', '127.0.0.1', xff('6.6.6.6, 1.1.1.1, 10.0.0.2'), '1.1.1.1'],
    ['may be named over several fields', '127.0.0.1', xff('6.6.6.6', '1.1.1.1'), '1.1.1.1'],
    ['is the farthest hop when all are trusted', '127.0.0.1', xff('10.0.0.3, 10.0.0.2'), '10.0.0.3'],
    ['is not looked for behind nonsense', '127.0.0.1', xff('1.1.1.1, what, 10.0.0.2'), '10.0.0.2'],
    [
      'is taken from Forwarded, too',
      '127.0.0.1',
      ['Forwarded', 'For="[2001:db9::1]:4711";proto=https'],
      '2001:db9::1',
    ],
    [
      'is taken from X-Forwarded-For first',
      '127.0.0.1',
      ['Forwarded', 'for=6.6.6.6', ...xff('1.1.1.1')],
      '1.1.1.1',
    ],
    ['of a trusted unix peer is what it names', '', xff('1.1.1.1'), '1.1.1.1'],
  ])('%s', (_, peer, headers, client) => {
    expect(clientAddress(peer, headers, proxies)).toBe(client)
  })

  test('is never one that no trusted hop vouched for, whatever the client writes', () => {
    const forged = fc.oneof(fc.string({ maxLength: 40 }), fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(fc.array(forged), fc.constantFrom('X-Forwarded-For', 'Forwarded'), (values, name) => {
        const seen = '203.0.113.7'
        const written = [...values.map((value) => value.replaceAll('"', '')), seen]
        const honest =
          name === 'Forwarded' ? written.map((value) => `for="${value.replaceAll('\\', '')}"`) : written
        expect(clientAddress('10.1.1.1', [name, honest.join(', ')], proxies)).toBe(seen)
      }),
    )
  })

  test('of an untrusted peer is that peer, whatever the headers', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(clientAddress('192.0.2.9', ['X-Forwarded-For', text, 'Forwarded', text], proxies)).toBe(
          '192.0.2.9',
        )
      }),
    )
  })
})

describe('Forwarded (RFC 7239)', () => {
  test.each([
    ['for=192.0.2.43, for=198.51.100.17', ['192.0.2.43', '198.51.100.17']],
    ['for="_gazonk"', [undefined]],
    ['by=203.0.113.43;for=192.0.2.60;proto=http', ['192.0.2.60']],
    ['proto=http', [undefined]],
    ['for="1.1.1.1, for=2.2.2.2', [undefined, '2.2.2.2']],
    ['for="1.1.1.1, for=6.6.6.6"', [undefined]],
    ['for=1.1.1.1,, for=2.2.2.2 ,', ['1.1.1.1', '2.2.2.2']],
    ['for=1.1.1.1;', ['1.1.1.1']],
    [' ; for=1.1.1.1 ; ; proto=https', ['1.1.1.1']],
    ['for=1.1.1.1;for=2.2.2.2', [undefined]],
    ['for=1.1.1.1;what', [undefined]],
    ['for = 1.1.1.1', [undefined]],
    ['For="[2001:db8:cafe::17]:4711"', ['2001:db8:cafe::17']],
    ['for=1.1.1.1;host="a,b;for=6.6.6.6\\"c"', ['1.1.1.1']],
    ['', []],
  ])('%s', (text, hops) => {
    expect(hopsOfForwarded([text])).toEqual(hops)
  })

  test('a trusted proxy that appends to what the client wrote has the last word, whatever that was', () => {
    const scraps = fc.constantFrom('for', '=', '"', ';', ',', ' ', '6.6.6.6', '\\\\', 'for=127.0.0.1')
    const forged = fc.array(fc.oneof(scraps, fc.string({ maxLength: 5 })), { maxLength: 12 })
    const honest = fc.constantFrom('for=203.0.113.7', 'proto=https;for="203.0.113.7:4711";by="_a"')
    fc.assert(
      fc.property(forged, honest, fc.boolean(), (parts, element, apart) => {
        const written = parts.join('')
        const values = apart ? [written, element] : [`${written}, ${element}`]
        const fields = values.flatMap((value) => ['Forwarded', value])
        expect(clientAddress('127.0.0.1', fields, proxies)).toBe('203.0.113.7')
      }),
      { numRuns: 1000 },
    )
  })

  test('is read in bounded time, and never throws', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('for', '=', '"', ';', ',', ' ', '1.1.1.1', '\\'), { maxLength: 400 }),
        (parts) => {
          expect(Array.isArray(hopsOfForwarded([parts.join('')]))).toBe(true)
        },
      ),
    )
  })
})

test('plain addresses stay as they are', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      (address) => plainAddress(plainAddress(address)) === plainAddress(address),
    ),
  )
})

describe('the scheme', () => {
  const secure = compileSecureHeaders({ 'X-Forwarded-Proto': 'https', 'X-FORWARDED-SSL': 'on' })
  test.each([
    [[], undefined],
    [['X-Forwarded-Proto', 'https'], 'https'],
    [['X-FORWARDED-PROTO', 'http'], 'http'],
    [['X-Forwarded-Proto', 'https', 'X-Forwarded-Ssl', 'on'], 'https'],
    [['X-Forwarded-Proto', 'https', 'X-Forwarded-Ssl', 'off'], 'contradictory'],
    [['X-Forwarded-Proto', 'http', 'X-Forwarded-Proto', 'https'], 'contradictory'],
  ])('of %j is %s', (headers, scheme) => {
    expect(schemeOf(headers, secure)).toBe(scheme)
  })
})
