import { expect, test } from 'vitest'
import { findFaults } from '../../support/leftovers.ts'

const clean = { log: '[x] [1] [INFO] fine\n', exit: { code: 0, signal: null }, left: [], clean: {} }

test('a quiet end has no faults', () => {
  expect(findFaults(clean)).toEqual([])
})

test.each([
  ['a warning', { log: '[x] [1] [WARNING] hm\n' }],
  ['an error', { log: '[x] [1] [ERROR] oh\n' }],
  ['a warning of Node', { log: '(node:12) Warning: 11 listeners\n' }],
  ['a kill', { log: '[x] [1] [INFO] Worker was sent SIGKILL!\n' }],
  ['a file', { left: ['server.pid'] }],
  ['another exit code', { exit: { code: 1, signal: null } }],
  ['a signal', { exit: { code: null, signal: 'SIGKILL' } }],
])('%s is a fault', (_name, finding) => {
  expect(findFaults({ ...clean, ...finding })).toHaveLength(1)
})

test('what the test allows is no fault', () => {
  const log = '[x] [1] [ERROR] Worker (pid:3) was sent SIGKILL!\n'
  const exit = { code: 3, signal: null }
  expect(findFaults({ ...clean, log, exit, clean: { allows: [/sent SIGKILL/], code: 3 } })).toEqual([])
})
