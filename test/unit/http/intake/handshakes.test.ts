import { expect, test } from 'vitest'
import { isHandshakePending, tellOfHandshake } from '../../../../src/http/intake/handshakes.ts'

// As /proc/net/tcp of Linux 6.18 has them: listening on 8000 (1F40), a handshake, a connection, one closed before.
const listening =
  '   0: 0100007F:1F40 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 77'
const handshake =
  ' 412: 0100007F:1F40 0100007F:C7E2 03 00000000:00000000 01:00000058 00000000     0        0 0'
const connected =
  ' 413: 0100007F:1F40 0100007F:C7E4 01 00000000:00000000 00:00000000 00000000     0        0 78'
const timeWait =
  ' 414: 0100007F:1F40 0100007F:C7E6 06 00000000:00000000 03:000014B5 00000000     0        0 0'
const ipv6 =
  '   3: 00000000000000000000000001000000:1F40 00000000000000000000000001000000:9C40 03 00000000:00000000'
const at = (port: number) => [{ host: '127.0.0.1', port }]

test.each([
  ['a handshake', `${listening}\n${handshake}\n${connected}\n`, at(8000), true],
  ['a handshake of IPv6', `${ipv6}\n`, at(8000), true],
  ['one of several places', `${handshake}\n`, [...at(9000), ...at(8000)], true],
  ['what is connected, or was, or listens', `${listening}\n${connected}\n${timeWait}\n`, at(8000), false],
  ["another port's handshake", `${handshake}\n`, at(8001), false],
  // 0xC7E2: a client of ours, on its way to somebody else.
  ['a port that is the other end', `${handshake}\n`, at(51_170), false],
])('%s', (_, lines, places, pending) => {
  expect(tellOfHandshake(lines, places)).toBe(pending)
})

test('a port nobody connects to has no handshake, nor has no port at all', () => {
  expect(isHandshakePending([{ host: '::1', port: 1 }])).toBe(false)
  expect(isHandshakePending([])).toBe(false)
})
