import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { hasCode } from '../../../src/errors.ts'
import { createAccessLog } from '../../../src/log/access.ts'
import { accessFields, accessJsonLine } from '../../../src/log/access-json.ts'
import { BufferedLines } from '../../../src/log/buffered-lines.ts'
import { LogFile } from '../../../src/log/file.ts'
import { eventually, exchange, linesOf, temporary } from './helpers.ts'

const opened = (format = '%(U)s') => {
  const path = join(temporary(), 'access.log')
  return { path, log: createAccessLog({ destination: path, format }) }
}

const endOfTurn = () => new Promise(setImmediate)

test('the lines of a turn of the event loop are in the file at its end', async () => {
  const { path, log } = opened()
  log.write(exchange({ target: '/1' }))
  log.write(exchange({ target: '/2' }))
  expect(linesOf(path)).toEqual([])
  await endOfTurn()
  expect(linesOf(path)).toEqual(['/1', '/2'])
  log.write(exchange({ target: '/3' }))
  await endOfTurn()
  expect(linesOf(path)).toEqual(['/1', '/2', '/3'])
  await log.close()
})

test('what was answered before a rotation is in the rotated file, in the turn of the rotation too', async () => {
  const { path, log } = opened()
  log.write(exchange({ target: '/before' }))
  renameSync(path, `${path}.1`)
  log.reopen()
  log.write(exchange({ target: '/after' }))
  await endOfTurn()
  expect(linesOf(`${path}.1`)).toEqual(['/before'])
  expect(linesOf(path)).toEqual(['/after'])
  await log.close()
})

test('a log that cannot be opened anew goes on where it was', async () => {
  const folder = join(temporary(), 'sub')
  mkdirSync(folder)
  const log = createAccessLog({ destination: join(folder, 'access.log'), format: '%(U)s' })
  renameSync(folder, `${folder}.1`)
  expect(() => log.reopen()).toThrow(/accesslog: .* cannot be opened/)
  log.write(exchange({ target: '/still' }))
  await endOfTurn()
  expect(linesOf(join(`${folder}.1`, 'access.log'))).toEqual(['/still'])
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
  const { fd, drain } = pipe()
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
  expect(drain()).toBe(`${line.repeat(10)}lost 5\nnext\n`)
})

/** A pipe of our own, not blocking, as Node makes its standard output's; `drain` reads all there is. */
const pipe = () => {
  const path = join(temporary(), 'fifo')
  spawnSync('mkfifo', [path])
  // Read and write, not to wait for a reader (fifo(7)).
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  const drain = (): string => {
    const bytes = Buffer.alloc(1024 * 1024)
    let size = 0
    try {
      while (size < bytes.length) size += readSync(fd, bytes, size, bytes.length - size, null)
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error
    }
    return bytes.toString('utf8', 0, size)
  }
  return { fd, drain }
}

test('a full pipe is waited for, and what waited arrives whole and in order', async () => {
  const { fd, drain } = pipe()
  const lines = new BufferedLines(new LogFile({ destination: fd, setting: 'accesslog' }), {
    note: (lost) => `lost ${lost}\n`,
    pause: 1,
  })
  // More than a pipe holds (64 KiB).
  const sent = Array.from({ length: 3000 }, (_, at) => `${at} ${'p'.repeat(at % 80)}\n`)
  for (const line of sent) lines.write(line)
  let got = ''
  await eventually(() => {
    got += drain()
    return got.length >= sent.join('').length
  })
  expect(got).toBe(sent.join(''))
  lines.close()
})

test('a rotation does not wait for the reader of a full pipe, which has no name to open anew', () => {
  const { fd } = pipe()
  const lines = new BufferedLines(new LogFile({ destination: fd, setting: 'accesslog' }), { note: () => '' })
  for (let at = 0; at < 1000; at += 1) lines.write(`${'p'.repeat(99)}\n`)
  const before = performance.now()
  lines.reopen()
  expect(performance.now() - before).toBeLessThan(400)
  lines.close()
})

test.runIf(existsSync('/dev/full'))(
  'lines that a full disk refused are counted, and told when there is room',
  async () => {
    const path = join(temporary(), 'log')
    symlinkSync('/dev/full', path)
    const lines = new BufferedLines(new LogFile({ destination: path, setting: 'accesslog' }), {
      note: (lost) => `lost ${lost}\n`,
      pause: 1,
    })
    lines.write('one\ntwo\n')
    lines.flush()
    lines.write('three\n')
    unlinkSync(path)
    lines.reopen()
    await eventually(() => linesOf(path).length === 2)
    expect(linesOf(path)).toEqual(['lost 2', 'three'])
    lines.close()
  },
)

test.runIf(existsSync('/dev/full'))(
  'what is written while the disk is full waits until the loss can be told',
  async () => {
    const path = join(temporary(), 'log')
    symlinkSync('/dev/full', path)
    const told: number[] = []
    const lines = new BufferedLines(new LogFile({ destination: path, setting: 'accesslog' }), {
      note: (lost) => {
        told.push(lost)
        return `lost ${lost}\n`
      },
      pause: 1,
    })
    lines.write('one\ntwo\n')
    await eventually(() => told.length > 1)
    lines.write('three\n')
    unlinkSync(path)
    lines.reopen()
    await eventually(() => linesOf(path).length === 2)
    expect(linesOf(path)).toEqual(['lost 2', 'three'])
    lines.close()
  },
)

const targetOf = (fd: string): string => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch (error) {
    // The descriptor of the listing itself is gone by now.
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  }
}

test.runIf(existsSync('/proc/self/fd'))(
  'rotations in the middle of writes leave no descriptor open',
  async () => {
    const { path, log } = opened()
    const openFiles = () => readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(path)).length
    for (let at = 0; at < 20; at += 1) {
      // Enough for a write to start at once, so that it is under way at the rotation.
      for (let line = 0; line < 1000; line += 1) log.write(exchange({ target: `/${'r'.repeat(100)}` }))
      log.reopen()
      await new Promise(setImmediate)
    }
    await eventually(() => openFiles() === 1)
    await log.close()
    await eventually(() => openFiles() === 0)
    expect(linesOf(path).filter((line) => !/^.r{100}$/.test(line))).toEqual([])
    expect(linesOf(path)).toHaveLength(20_000)
  },
)

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
