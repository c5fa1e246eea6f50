import { existsSync, mkdirSync, renameSync, statSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ServerError } from '../../../src/errors.ts'
import { createLogger, type LoggerOptions } from '../../../src/log/logger.ts'
import { linesOf, temporary } from './helpers.ts'

const open = (over: Partial<LoggerOptions> = {}) => {
  const path = join(temporary(), 'error.log')
  const log = createLogger({ destination: path, level: 'info', format: 'text', ...over })
  return { path, log, lines: () => linesOf(path) }
}

/** Both write the same: who writes while a start is under way, and who does then (JSON: pino). */
const engines = [
  ['while starting', false],
  ['when starting is over', true],
] as const

describe.each(engines)('%s', (_, pino) => {
  const opened = async (over: Partial<LoggerOptions> = {}) => {
    const made = open(over)
    if (pino) await made.log.usePino()
    return made
  }

  test("a line is Gunicorn's", async () => {
    const { log, lines } = await opened()
    log.info('Listening at: http://127.0.0.1:8000 100% %s', { workers: 2 })
    expect(lines()).toHaveLength(1)
    const line = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[(\d+)\] \[INFO\] (.*)$/.exec(
      lines()[0] ?? '',
    )
    expect(line?.[1]).toBe(String(process.pid))
    expect(line?.[2]).toBe('Listening at: http://127.0.0.1:8000 100% %s')
  })

  test('a message cannot make a second line, and a stack cannot look like a record', async () => {
    const { log, lines } = await opened()
    const forged = 'x\n[2026-01-01 00:00:00 +0000] [1] [INFO] forged\r\u0085\u2028\x1b[2J'
    log.warning(forged)
    log.exception('it threw', new Error(forged))
    expect(lines().filter((line) => line.startsWith('['))).toHaveLength(2)
    expect(lines()[0]).toContain('x\\n[2026-01-01')
    expect(
      lines()
        .slice(2)
        .every((line) => line.startsWith('  ')),
    ).toBe(true)
    expect(lines().some((line) => line.startsWith('      at '))).toBe(true)
    for (const char of ['\r', '\x1b', '\u0085', '\u2028']) expect(lines().join('')).not.toContain(char)
  })

  test('a JSON line has level, time, pid and name, the facts, and the message', async () => {
    const { log, lines } = await opened({ format: 'json', name: 'worker' })
    log.error('it failed "so"\n', { port: 8000, big: 10n, msg: 'mine', none: undefined, list: [1, 'two'] })
    const line = JSON.parse(lines()[0] ?? '')
    expect(Object.keys(line)).toEqual(['level', 'time', 'pid', 'name', 'port', 'big', 'msg_', 'list', 'msg'])
    expect(new Date(line.time).toISOString()).toBe(line.time)
    const { time: _time, ...rest } = line
    expect(rest).toEqual({
      level: 'error',
      pid: process.pid,
      name: 'worker',
      port: 8000,
      big: '10',
      msg_: 'mine',
      list: [1, 'two'],
      msg: 'it failed "so"\n',
    })
  })

  test('a JSON line of an error has its type, message, stack and cause', async () => {
    const { log, lines } = await opened({ format: 'json' })
    log.exception(
      'it threw',
      new TypeError('wrong', { cause: Object.assign(new Error('below'), { code: 'EIO' }) }),
    )
    const { err } = JSON.parse(lines()[0] ?? '')
    expect(err).toMatchObject({
      type: 'TypeError',
      message: 'wrong',
      cause: { message: 'below', code: 'EIO' },
    })
    expect(err.stack).toContain('logger.test.ts')
  })

  test('facts that are no JSON, and errors with hostile parts, do not stop a line', async () => {
    const { log, lines } = await opened({ format: 'json' })
    const ring: Record<string, unknown> = {}
    ring['self'] = ring
    log.info('a ring', { ring, call: () => 1 })
    log.exception('a string was thrown', 'boom')
    const hostile = new Error('x')
    Object.defineProperty(hostile, Symbol.for('nodejs.util.inspect.custom'), {
      value: () => {
        throw new Error('inspected')
      },
    })
    log.exception('hostile', hostile)
    expect(lines().map((line) => JSON.parse(line).msg)).toEqual(['a ring', 'a string was thrown', 'hostile'])
    const text = await opened()
    text.log.exception('hostile', hostile)
    expect(text.lines()[1]).toContain('cannot be printed (inspected)')
  })

  test('the level lets pass what is as grave, and may be changed', async () => {
    const { log, lines } = await opened({ level: 'Warning' })
    for (const say of [log.debug, log.info, log.warning, log.error, log.critical]) say('said')
    log.level = 'debug'
    log.debug('now')
    expect(lines().map((line) => line.split(' ')[4])).toEqual([
      '[WARNING]',
      '[ERROR]',
      '[CRITICAL]',
      '[DEBUG]',
    ])
    expect(log.level).toBe('debug')
  })

  test('a renamed file is left behind at reopen, and nothing is lost', async () => {
    const { log, path, lines } = await opened()
    log.info('one')
    renameSync(path, `${path}.1`)
    log.info('two')
    log.reopen()
    log.info('three')
    expect(linesOf(`${path}.1`)).toHaveLength(2)
    expect(lines()).toHaveLength(1)
  })
})

test('an unknown level is an error that names the levels', () => {
  expect(() => open({ level: 'warn' })).toThrow(/'warn' is not a level. Use one of debug, info, warning/)
})

test('a file that cannot be opened is an error with its path and the reason', () => {
  const path = join(temporary(), 'missing', 'error.log')
  const opening = () => createLogger({ destination: path, level: 'info', format: 'text' })
  expect(opening).toThrow(ServerError)
  expect(opening).toThrow(`errorlog: '${path}' cannot be opened`)
  expect(opening).toThrow('Create its directory.')
})

test('a reopen that fails leaves the log where it was', () => {
  const { log, path } = open()
  renameSync(path, `${path}.1`)
  mkdirSync(path)
  expect(() => log.reopen()).toThrow(/cannot be opened/)
  log.info('still')
  expect(linesOf(`${path}.1`)).toHaveLength(1)
})

test('each record that passes is told once, errors with a stack apart', () => {
  const kinds: string[] = []
  const { log } = open({ onRecord: (kind) => kinds.push(kind) })
  log.debug('not said')
  log.error('said')
  log.exception('said', new Error('x'))
  expect(kinds).toEqual(['error', 'exception'])
})

test('a ServerError is printed by its words and detail, without a stack', () => {
  const { log, lines } = open()
  const cause = new Error('below')
  log.exception(
    'not reloaded',
    new ServerError('TSG_CONFIG_SYNTAX', 'line 3: oops', { detail: '> 3 | x', cause }),
  )
  expect(lines().slice(1, 4)).toEqual([
    '  TSG_CONFIG_SYNTAX: line 3: oops',
    '  > 3 | x',
    expect.stringContaining('below'),
  ])
})

test('lines after close are dropped, and closing twice is harmless', async () => {
  const { log, lines } = open()
  log.info('one')
  await log.close()
  log.info('dropped')
  log.reopen()
  await log.close()
  expect(lines()).toHaveLength(1)
})

test('syslog is told of what passes, with what was thrown, and is closed with the log', async () => {
  const told: unknown[][] = []
  const syslog = {
    send: (...said: unknown[]) => told.push(said),
    close: async () => {
      told.push(['closed'])
    },
  }
  const { log } = open({ syslog })
  const thrown = new Error('x')
  log.debug('not said')
  log.exception('said', thrown)
  await log.close()
  expect(told).toEqual([['error', 'said', thrown], ['closed']])
})

test.runIf(process.getuid?.() === 0)(
  'root gives its files to the owner, at reopen too, but no devices',
  () => {
    const owner = { uid: 12_345, gid: 12_346 }
    const { log, path } = open({ owner })
    expect(statSync(path)).toMatchObject(owner)
    renameSync(path, `${path}.1`)
    log.reopen()
    expect(statSync(path)).toMatchObject(owner)
    createLogger({ destination: '/dev/null', level: 'info', format: 'text', owner }).info('x')
    expect(statSync('/dev/null').uid).toBe(0)
  },
)

test.runIf(existsSync('/dev/full'))(
  'a full disk stops nothing, and the loss is told when there is room',
  () => {
    const directory = temporary()
    const path = join(directory, 'log')
    symlinkSync('/dev/full', path)
    const log = createLogger({ destination: path, level: 'info', format: 'text' })
    log.info('lost')
    log.info('lost too')
    unlinkSync(path)
    log.reopen()
    log.info('kept')
    expect(linesOf(path)).toEqual([
      expect.stringMatching(/\[WARNING\] 2 log lines were lost/),
      expect.stringMatching(/kept$/),
    ])
  },
)
