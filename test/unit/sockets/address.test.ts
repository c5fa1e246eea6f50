import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServerError } from '../../../src/errors.ts'
import { addressText, formatAddress, parseAddress, sameAddress } from '../../../src/sockets/address.ts'

const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port })

test.each([
  ['', tcp('0.0.0.0', 8000)],
  ['localhost', tcp('localhost', 8000)],
  ['LocalHost:80', tcp('localhost', 80)],
  ['my_service.internal:0', tcp('my_service.internal', 0)],
  ['127.0.0.1:8001', tcp('127.0.0.1', 8001)],
  [':8080', tcp('0.0.0.0', 8080)],
  ['[::1]', tcp('::1', 8000)],
  ['[::]:9000', tcp('::', 9000)],
  ['[FE80::1%eth0]:1', tcp('fe80::1%eth0', 1)],
  ['tcp://10.0.0.1:1', tcp('10.0.0.1', 1)],
  ['tcp://[::1]:65535', tcp('::1', 65535)],
  ['tcp://', tcp('0.0.0.0', 8000)],
  ['unix:/run/app.sock', { kind: 'unix', path: '/run/app.sock' }],
  ['unix:///run/app.sock', { kind: 'unix', path: '/run/app.sock' }],
  ['unix://relative.sock', { kind: 'unix', path: 'relative.sock' }],
  ['unix:relative.sock', { kind: 'unix', path: 'relative.sock' }],
  ['fd://3', { kind: 'fd', fd: 3 }],
])('%j is understood', (text, address) => {
  expect(parseAddress(text)).toEqual(address)
})

test.each([
  ['127.0.0.1:port', "'port' is not a port"],
  ['127.0.0.1:', "'' is not a port"],
  ['127.0.0.1:65536', 'not a port'],
  ['127.0.0.1:-1', 'not a port'],
  ['8000', "':8000'"],
  ['::1', "'[::1]:8000'"],
  ['[::1', 'brackets'],
  ['[127.0.0.1]:80', 'brackets'],
  ['[::1]80', 'brackets'],
  ['a:1:2', 'more than one colon'],
  ['http://localhost:80', 'more than one colon'],
  ['a b:80', 'not a host name'],
  ['unix:', 'path is empty'],
  ['unix:/a\0b', 'NUL'],
  [`unix:/${'x'.repeat(107)}`, '108 bytes'],
  [`unix:/${'ü'.repeat(54)}`, '109 bytes'],
  ['fd://', 'not a file descriptor'],
  ['fd://-1', 'not a file descriptor'],
])('%j is refused, with the reason and examples', (text, reason) => {
  const refusal = (): unknown => parseAddress(text)
  expect(refusal).toThrow(ServerError)
  expect(refusal).toThrow(reason)
  expect(refusal).toThrow(/Use HOST, HOST:PORT/)
})

test('a path of 107 bytes is the longest', () => {
  expect(parseAddress(`unix:/${'x'.repeat(106)}`)).toMatchObject({ kind: 'unix' })
})

test.each([
  ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
  ['[::1]:80', 'http://[::1]:80'],
  ['unix:/run/a', 'unix:/run/a'],
  ['fd://4', 'fd://4'],
])('%s is logged as %s', (text, logged) => {
  expect(formatAddress(parseAddress(text))).toBe(logged)
})

test('addresses are the same when they are written differently', () => {
  expect(sameAddress(parseAddress('unix:/a'), parseAddress('unix:///a'))).toBe(true)
  expect(sameAddress(parseAddress(':80'), parseAddress('0.0.0.0:80'))).toBe(true)
  expect(sameAddress(parseAddress('127.0.0.1:80'), parseAddress('127.0.0.1:81'))).toBe(false)
})

const port = fc.integer({ min: 0, max: 65535 })
const anyAddress = fc.oneof(
  fc.record({ kind: fc.constant('tcp' as const), host: fc.oneof(fc.ipV4(), fc.domain(), fc.ipV6()), port }),
  fc.record({
    kind: fc.constant('unix' as const),
    path: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }),
  }),
  fc.record({ kind: fc.constant('fd' as const), fd: fc.nat(1_000_000) }),
)

test('what is written is read back', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const lower = address.kind === 'tcp' ? { ...address, host: address.host.toLowerCase() } : address
      expect(parseAddress(addressText(lower))).toEqual(lower)
    }),
  )
})

test('no text does anything but give an address or a ServerError', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(['tcp', 'unix', 'fd']).toContain(parseAddress(text).kind)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ServerError)
      }
    }),
  )
})
