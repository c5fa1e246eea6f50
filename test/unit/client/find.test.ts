import { describe, expect, test } from 'vitest'
import { type Failure, failureOf, unreachable } from '../../../src/client/failure.ts'
import { type Candidate, choose } from '../../../src/client/find.ts'
import { controlFolders, isControlSocket } from '../../../src/client/folders.ts'
import type { Status } from '../../../src/control/status.ts'
import { statusWith } from '../../support/fake-status.ts'

const candidate = (
  name: string,
  changes: Partial<Status> = {},
  directory: string | null = null,
): Candidate => ({
  path: `/run/${name}.ctl`,
  status: statusWith({ name, config: null, ...changes }),
  directory,
})
const wish = { directory: '/srv/shop', folders: ['/run/tsgunicorn'], changes: false }

const failure = (
  candidates: readonly Candidate[],
  changes: { readonly pid?: number; readonly changes?: boolean } = {},
): Failure => {
  try {
    choose(candidates, { ...wish, ...changes })
  } catch (error) {
    return failureOf(error)
  }
  throw new Error('one was chosen')
}

describe('which server is meant', () => {
  test('the only one', () => {
    expect(choose([candidate('a', { pid: 1 }, '/elsewhere')], wish).status.name).toBe('a')
  })

  test('the only one is not changed by who is elsewhere: it has to be named', () => {
    const stranger = candidate('a', { pid: 1 }, '/elsewhere')
    const { kind, code, detail } = failure([stranger], { changes: true })
    expect([kind, code]).toEqual(['usage', 'elsewhere'])
    expect(detail).toBe('  a  pid 1  --socket /run/a.ctl  in /elsewhere')
    const asked = { ...wish, changes: true }
    expect(choose([stranger], { ...asked, pid: 1 }).status.name).toBe('a')
    expect(choose([stranger], { ...asked, directory: '/elsewhere' }).status.name).toBe('a')
    expect(choose([candidate('b', { pid: 2 }, null)], asked).status.name).toBe('b')
  })

  test('the one of the working directory, by where it runs or where its configuration lies', () => {
    const other = candidate('a', { pid: 1 }, '/srv/other')
    expect(choose([other, candidate('b', { pid: 2 }, '/srv/shop')], wish).status.name).toBe('b')
    const configured = candidate('c', { pid: 3, config: '/srv/shop/gunicorn.conf.ts' })
    expect(choose([other, configured], wish).status.name).toBe('c')
    expect(() =>
      choose([other, candidate('d', { pid: 4, config: '/srv/shop2/gunicorn.conf.ts' })], wish),
    ).toThrow(/Several/)
  })

  test('the one with the pid, wherever it is', () => {
    const all = [candidate('a', { pid: 1 }, '/srv/shop'), candidate('b', { pid: 2 })]
    expect(choose(all, { ...wish, pid: 2 }).status.name).toBe('b')
    expect(failure(all, { pid: 3 })).toMatchObject({ kind: 'not-running', code: 'no-socket' })
  })

  test('the new master of an upgrade is not a second server, unless its old one is gone', () => {
    const challenger = candidate('new', { pid: 2, role: 'challenger', otherMaster: 1 })
    expect(choose([challenger, candidate('old', { pid: 1 })], wish).status.name).toBe('old')
    expect(choose([challenger], wish).status.name).toBe('new')
  })

  test('several are listed with all that tells them apart', () => {
    const { kind, code, detail } = failure([candidate('a', { pid: 1 }, '/x'), candidate('b', { pid: 2 })])
    expect([kind, code]).toEqual(['usage', 'several'])
    expect(detail).toBe(
      '  a  pid 1  --socket /run/a.ctl  in /x\n  b  pid 2  --socket /run/b.ctl  in an unknown directory',
    )
  })

  test('none: the folders are named', () => {
    expect(failure([])).toMatchObject({
      kind: 'not-running',
      message: expect.stringContaining('/run/tsgunicorn'),
    })
  })
})

describe('where sockets are looked for', () => {
  test('in the folder of this session, and in that for temporary files', () => {
    expect(controlFolders({ XDG_RUNTIME_DIR: '/run/user/7', TMPDIR: '/var/tmp' }, 7)).toEqual([
      '/run/user/7/tsgunicorn',
      '/var/tmp/tsgunicorn-7',
    ])
    expect(controlFolders({}, 7)).toEqual(['/tmp/tsgunicorn-7', '/run/user/7/tsgunicorn'])
  })

  test('sockets that take no orders are none', () => {
    expect(['a.ctl', 'a.ctl.2', 'a.ctl.ro', 'a.pid'].filter(isControlSocket)).toEqual(['a.ctl', 'a.ctl.2'])
  })
})

describe('a socket that cannot be used', () => {
  const because = (code: string, owner: string | null = null) => {
    const {
      kind,
      code: word,
      message,
    } = unreachable('/run/a.ctl', Object.assign(new Error(code), { code }), owner)
    return { kind, word, message }
  }

  test.each([
    ['ENOENT', 'not-running', 'no-socket', /Is the server running/],
    ['ECONNREFUSED', 'not-running', 'stale', /left the file behind/],
    ['EAGAIN', 'failed', 'busy', /may hang/],
    ['ENOTSOCK', 'usage', 'no-socket', /not a control socket/],
    ['EIO', 'failed', 'unreachable', /cannot be used: EIO/],
  ])('%s', (code, kind, word, words) => {
    expect(because(code)).toEqual({ kind, word, message: expect.stringMatching(words) })
  })

  test('permission: whose it is, and how to become them', () => {
    expect(because('EACCES', 'www-data').message).toMatch(/belongs to www-data: try "sudo -u www-data/)
    expect(because('EACCES').message).not.toMatch(/sudo/)
  })

  test('what is no failure is a fault of the program, with its stack', () => {
    expect(failureOf(new TypeError('x'))).toMatchObject({
      code: 'fault',
      exitStatus: 1,
      detail: expect.stringContaining('TypeError'),
    })
  })
})
