import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { copyDescriptors } from '../../../src/system/pidfd.ts'

describe.runIf(process.platform === 'linux')('descriptors of another process', () => {
  test('are copied, but those that it has not; and ours say what is open there', async () => {
    const here = openSync('/dev/zero', 'r')
    onTestFinished(() => closeSync(here))
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', here] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'spawn')
    const { copies, why } = copyDescriptors(child.pid ?? 0, [3, 77, 0])
    expect([[...copies.keys()], why]).toEqual([[3, 0], undefined])
    expect(fstatSync(copies.get(3) ?? -1).rdev).toBe(fstatSync(here).rdev)
    for (const copy of copies.values()) closeSync(copy)
  })

  test('cannot be had of a process that is gone, or not ours to look into: it says why', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    expect(copyDescriptors(child.pid ?? 0, [0])).toEqual({ copies: new Map(), why: 'pidfd_open ESRCH' })
  })
})

describe('without koffi', () => {
  afterEach(() => {
    vi.doUnmock('node:module')
    vi.resetModules()
  })

  test.runIf(process.platform === 'linux')('there are none, and it says why', async () => {
    vi.resetModules()
    vi.doMock('node:module', () => ({
      createRequire: () => () => {
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' })
      },
    }))
    const pidfd = await import('../../../src/system/pidfd.ts')
    const why = "the package 'koffi' is not installed"
    expect(pidfd.copyDescriptors(process.pid, [0])).toEqual({ copies: new Map(), why })
  })
})
