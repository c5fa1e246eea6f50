import { spawnSync } from 'node:child_process'
import { chmodSync, lchownSync, linkSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LogFile, proveFile, provideFile } from '../../../src/log/file.ts'
import { logFiles, proveLogs } from '../../../src/log/prove.ts'
import { temporary } from './helpers.ts'

const root = process.getuid?.() === 0
const owner = { uid: 65534, gid: 65534 }
const setting = 'accesslog'

const fifo = (): string => {
  const path = join(temporary(), 'fifo')
  spawnSync('mkfifo', [path])
  return path
}

describe('a proof', () => {
  test('makes no file, and changes none', () => {
    const folder = temporary()
    const there = join(folder, 'there')
    writeFileSync(there, 'kept\n')
    const before = statSync(there)
    proveFile({ setting, destination: there })
    proveFile({ setting, destination: join(folder, 'missing') })
    expect(readdirSync(folder)).toEqual(['there'])
    expect(statSync(there)).toEqual(before)
  })

  test.each([
    ['a folder that is missing', (folder: string) => join(folder, 'missing', 'log'), 'Create its directory.'],
    ['a directory', (folder: string) => folder, 'Choose another file.'],
    ['no name at all', () => '', 'cannot be opened'],
  ])('finds %s', (_name, pathIn, words) => {
    const prove = () => proveFile({ setting, destination: pathIn(temporary()) })
    expect(prove).toThrow(expect.objectContaining({ code: 'TSG_LOG_UNWRITABLE' }))
    expect(prove).toThrow(words)
  })

  test.runIf(!root)('finds a folder that may not be written', () => {
    const folder = temporary()
    chmodSync(folder, 0o555)
    expect(() => proveFile({ setting, destination: join(folder, 'log') })).toThrow('EACCES')
  })

  test('does not wait for the reader of a pipe', () => {
    proveFile({ setting, destination: fifo() })
  })

  test('of settings names the one that is wrong, and knows standard streams', async () => {
    const right = {
      errorlog: '-',
      accesslog: '-',
      access_log_format: '%(h)s',
      syslog: true,
      syslog_addr: 'udp://localhost:514',
      statsd_host: 'localhost:8125',
    }
    await proveLogs(right)
    const missing = join(temporary(), 'missing', 'log')
    await expect(proveLogs({ ...right, errorlog: missing })).rejects.toThrow(/^errorlog: /)
    await expect(proveLogs({ ...right, accesslog: missing })).rejects.toThrow(/^accesslog: /)
    await expect(proveLogs({ ...right, access_log_format: '%' })).rejects.toThrow(/^access_log_format: /)
    await proveLogs({ ...right, accesslog: undefined, access_log_format: '%' })
    await expect(proveLogs({ ...right, syslog_addr: 'x' })).rejects.toThrow(/^syslog_addr: /)
    await proveLogs({ ...right, syslog: false, syslog_addr: 'x' })
    await expect(proveLogs({ ...right, statsd_host: '::1' })).rejects.toThrow(/^statsd_host: /)
    expect(logFiles(right)).toEqual([])
  })
})

describe('a file provided for others', () => {
  test('is made; one that is there is left as it is', () => {
    const path = join(temporary(), 'log')
    provideFile({ setting, destination: path })
    expect(statSync(path).size).toBe(0)
    writeFileSync(path, 'kept\n')
    provideFile({ setting, destination: path })
    expect(statSync(path).size).toBe(5)
  })

  test('that cannot be made is an error with its path', () => {
    const path = join(temporary(), 'missing', 'log')
    expect(() => provideFile({ setting, destination: path })).toThrow(`accesslog: '${path}' cannot be opened`)
  })

  test('is not waited for when it is a pipe without a reader', () => {
    provideFile({ setting, destination: fifo() })
  })

  test.runIf(root)("is its owner's", () => {
    const path = join(temporary(), 'log')
    provideFile({ setting, destination: path, owner })
    expect(statSync(path)).toMatchObject(owner)
  })

  test.runIf(root)("is its owner's by a link that root made, not by one of somebody else", () => {
    const folder = temporary()
    for (const [name, uid] of Object.entries({ ours: 0, theirs: 65534 })) {
      writeFileSync(join(folder, name), '')
      symlinkSync(name, join(folder, `${name}.log`))
      lchownSync(join(folder, `${name}.log`), uid, uid)
      provideFile({ setting, destination: join(folder, `${name}.log`), owner })
    }
    expect(statSync(join(folder, 'ours')).uid).toBe(65534)
    expect(statSync(join(folder, 'theirs')).uid).toBe(0)
  })

  test.runIf(root)('is not given away when it has another name, nor when it is a device', () => {
    const folder = temporary()
    writeFileSync(join(folder, 'precious'), '')
    linkSync(join(folder, 'precious'), join(folder, 'log'))
    new LogFile({ setting, destination: join(folder, 'log'), owner }).close()
    expect(statSync(join(folder, 'precious')).uid).toBe(0)
    provideFile({ setting, destination: '/dev/null', owner })
    expect(statSync('/dev/null').uid).toBe(0)
  })
})
