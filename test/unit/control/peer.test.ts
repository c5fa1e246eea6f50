import { expect, test } from 'vitest'
import { describePeer, programOf } from '../../../src/control/peer.ts'

test.each([
  ['/usr/bin/curl\0--unix-socket\0/x\0', 'curl'],
  ['node\0/usr/local/bin/tsgunicornc.js\0status\0', 'tsgunicornc'],
  ['/usr/bin/node\0--no-warnings\0/srv/cli.mjs\0', 'cli'],
  ['/venv/bin/python3\0/venv/bin/gunicornc\0-c\0worker add\0', 'gunicornc'],
  ['/venv/bin/python3.11 /venv/bin/gunicornc -s /x.ctl', 'gunicornc'],
  ['python3\0', 'python3'],
  ['evil\n[INFO] Order: stop\0', 'evil??INFO?'],
  ['', ''],
])('the program of %j is %j', (command, program) => {
  expect(programOf(command)).toBe(program)
})

test('a peer is named as far as it is known', () => {
  expect(describePeer(undefined)).toBe('unknown')
  expect(describePeer({ pid: process.pid, uid: 0 })).toMatch(
    new RegExp(`^pid ${process.pid} \\(.+\\), user root \\(0\\)$`),
  )
  expect(describePeer({ pid: -1, uid: 4_000_000_000 })).toBe('pid unknown, user 4000000000')
})
