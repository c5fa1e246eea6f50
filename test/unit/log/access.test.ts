import { spawnSync } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAccessLog } from '../../../src/log/access.ts'
import { accessFields, accessJsonLine } from '../../../src/log/access-json.ts'
import { BufferedLines } from '../../../src/log/buffered-lines.ts'
import { LogFile } from '../../../src/log/file.ts'
import { eventually, exchange, linesOf, temporary } from './helpers.ts'

const opened = (format = '%(U)s') => {
  const path = join(temporary(), 'access.log')
  return { path, log: createAccessLog({ destination: path, format }) }
}

test('a line appears without further traffic', async () => {
  const { path, log } = opened()
  log.write(exchange({ target: '/alone' }))
  expect(linesOf(path)).toEqual([])
  const started = performance.now()
  await eventually(() => linesOf(path).length === 1)
  expect(performance.now() - started).toBeLessThan(1000)
  await log.close()
})

test('flush writes what was gathered, close too, and later lines are dropped', async () => {
  const { path, log } = opened()
  log.write(exchange({ target: '/1' }))
  log.flush()
  expect(linesOf(path)).toEqual(['/1'])
  log.write(exchange({ target: '/2' }))
  await log.close()
  log.write(exchange({ target: '/3' }))
  log.reopen()
  await log.close()
  expect(linesOf(path)).toEqual(['/1', '/2'])
})

test('lines keep their order through writes of many sizes', async () => {
  const { path, log } = opened()
  const targets = Array.from({ length: 5000 }, (_, at) => `/${at}/${'y'.repeat(at % 97)}`)
  for (const target of targets) log.write(exchange({ target }))
  await eventually(() => linesOf(path).length === targets.length)
  expect(linesOf(path)).toEqual(targets)
  await log.close()
})

test('close leaves no listener behind', async () => {
  const before = process.listenerCount('exit')
  const { log } = opened()
  expect(process.listenerCount('exit')).toBe(before + 1)
  await log.close()
  expect(process.listenerCount('exit')).toBe(before)
})

test('a reader that does not read costs lines, never memory without bound, and the loss is told', async () => {
  const directory = temporary()
  const fifo = join(directory, 'fifo')
  spawnSync('mkfifo', [fifo])
  // Read and write, not to wait for a reader (fifo(7)); non-blocking, as Node makes its standard output's pipe.
  const fd = openSync(fifo, 'r+')
  const lines = new BufferedLines(new LogFile({ destination: fd, setting: 'accesslog' }), {
    note: (lost) => `lost ${lost}\n`,
    most: 1000,
  })
  const line = `${'z'.repeat(99)}\n`
  for (let at = 0; at < 15; at += 1) lines.write(line)
  lines.flush()
  lines.write('next\n')
  lines.flush()
  lines.close()
  const read = Buffer.alloc(65_536)
  const { readSync } = await import('node:fs')
  const text = read.subarray(0, readSync(fd, read)).toString()
  expect(text).toBe(`${line.repeat(10)}lost 5\nnext\n`)
})

test('a JSON line has every field, typed', () => {
  const line = JSON.parse(accessJsonLine(exchange({ target: '/a%20b?q=1', status: 0, remoteAddress: '' })))
  expect(Object.keys(line)).toEqual(Object.keys(accessFields))
  expect(line).toMatchObject({
    remote_addr: null,
    user: null,
    path: '/a%20b',
    query: 'q=1',
    protocol: 'HTTP/1.1',
    status: null,
    bytes: 5,
    duration_ms: 1.5,
    completed: true,
    host: 'example.org',
    user_agent: 'curl/8',
    referer: null,
  })
})

test('whatever a client sends, a JSON line is one line of ASCII that says it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = accessJsonLine(exchange({ method: text, requestHeaders: ['user-agent', text] }))
      expect(line).toMatch(/^[\x20-\x7e]*\n$/)
      const back = JSON.parse(line)
      expect([back.method, back.user_agent]).toEqual([text, text])
    }),
  )
})

test("the documentation's tables are the code's", async () => {
  const { atoms, families } = await import('../../../src/log/atoms.ts')
  const manual = readFileSync(new URL('../../../docs/logging.md', import.meta.url), 'utf8')
  for (const [name, { summary }] of Object.entries(atoms))
    expect(manual).toContain(`| \`%(${name})s\` | ${summary} |`)
  for (const [name, { summary }] of Object.entries(families)) {
    expect(manual).toContain(`| \`%({name}${name})s\` | ${summary} |`)
  }
  for (const [name, { type, summary }] of Object.entries(accessFields)) {
    expect(manual).toContain(`| \`${name}\` | ${type} | ${summary} |`)
  }
})
