import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { dropPrivileges, parseAccounts, resolveGroup, resolveUser } from '../../../src/system/privileges.ts'

const isRoot = process.getuid?.() === 0

test('accounts are the fields of their lines', () => {
  expect(parseAccounts('# c\nroot:x:0:0:root:/root:/bin/sh\n\n')).toEqual([
    ['root', 'x', '0', '0', 'root', '/root', '/bin/sh'],
  ])
})

test('a user is found by name and by id, with its group', async () => {
  expect(await resolveUser('root')).toEqual({ uid: 0, name: 'root', gid: 0 })
  expect(await resolveUser(0)).toEqual({ uid: 0, name: 'root', gid: 0 })
  expect(await resolveUser('0')).toEqual({ uid: 0, name: 'root', gid: 0 })
})

test('a number that nobody has is a user, without name', async () => {
  expect(await resolveUser(3_999_999)).toEqual({ uid: 3_999_999, name: undefined, gid: undefined })
})

test('names that nobody has are refused', async () => {
  await expect(resolveUser('no-such-user')).rejects.toMatchObject({ code: 'TSG_PRIVILEGES' })
  await expect(resolveUser('-1')).rejects.toMatchObject({ code: 'TSG_PRIVILEGES' })
  await expect(resolveGroup('no-such-group')).rejects.toThrow(/group: no group is called 'no-such-group'/)
})

test('a group is found', async () => {
  expect(await resolveGroup('daemon')).toBeGreaterThan(0)
  expect(await resolveGroup('12')).toBe(12)
})

test('to become who one is already, is nothing', () => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  expect(() => dropPrivileges({ uid, gid, initgroups: false })).not.toThrow()
})

/** In a process of its own: there is no way back. */
const dropped = (identity: object): unknown => {
  const module = fileURLToPath(new URL('../../../src/system/privileges.ts', import.meta.url))
  const code = `const {dropPrivileges}=await import(${JSON.stringify(module)});let error=null
    try{dropPrivileges(${JSON.stringify(identity)});dropPrivileges({uid:1,gid:1,initgroups:false})}catch(e){error=e.message}
    console.log(JSON.stringify({uid:process.getuid(),gid:process.getgid(),groups:process.getgroups(),error}))`
  return JSON.parse(
    String(execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code])),
  )
}

test.skipIf(!isRoot)('root becomes another for good, without the groups of root (root)', () => {
  expect(dropped({ uid: 65534, gid: 65534, initgroups: false })).toEqual({
    uid: 65534,
    gid: 65534,
    groups: [65534],
    error: expect.stringContaining('only root may become 1:1, this process is 65534:65534'),
  })
})

test.skipIf(!isRoot)('with initgroups the groups are those of the user (root)', () => {
  expect(dropped({ uid: 2, gid: 2, initgroups: true, userName: 'bin' })).toMatchObject({
    uid: 2,
    groups: [2],
  })
})
