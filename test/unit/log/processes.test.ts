import { spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { eventually, linesOf, run, shared, temporary } from './helpers.ts'

const seen = (lines: readonly string[]): Map<string, Set<number>> => {
  const all = new Map<string, Set<number>>()
  for (const line of lines) {
    const [, name, at] = /\/([a-d])\/(\d+)\/x*\/end$/.exec(line) ?? []
    if (name === undefined) throw new Error(`a mangled line: ${line}`)
    all.set(name, (all.get(name) ?? new Set()).add(Number(at)))
  }
  return all
}

test.each(['access', 'error'])(
  'four processes write one %s log: no line is lost or mangled',
  async (kind) => {
    const path = join(temporary(), 'log')
    const count = 5000
    const children = ['a', 'b', 'c', 'd'].map((name) => run('writer', kind, path, name, String(count)))
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0])
    const lines = linesOf(path)
    expect(lines).toHaveLength(4 * count)
    for (const [, found] of seen(lines)) expect(found.size).toBe(count)
  },
)

test.each(['access', 'error'])('rotating the %s log by rename and USR1 loses nothing', async (kind) => {
  const path = join(temporary(), 'log')
  const child = run('writer', kind, path, 'a', '1000', 'rotate')
  await eventually(() => existsSync(path) && linesOf(path).length > 100)
  renameSync(path, `${path}.1`)
  child.process.kill('SIGUSR1')
  expect(await child.ended).toBe(0)
  const count = Number(child.output())
  const [before, after] = [linesOf(`${path}.1`), linesOf(path)]
  expect(after.length).toBeGreaterThan(0)
  expect(seen([...before, ...after]).get('a')?.size).toBe(count)
  expect(before.length + after.length).toBe(count)
})

test('a captured process, and what it spawns, prints to the file, and to a fresh one after a rotation', async () => {
  const path = join(temporary(), 'error.log')
  const child = run('captured', path)
  expect(await child.ended).toBe(0)
  expect(child.output()).toBe('before\n')
  expect(linesOf(`${path}.1`)).toEqual(['console', 'descriptor', 'child'])
  expect(linesOf(path)).toEqual(['after'])
})

test('a failed capture leaves the output where it was', async () => {
  const child = run('uncaptured')
  expect(await child.ended).toBe(0)
  expect(child.output()).toContain('code TSG_LOG_UNWRITABLE')
  expect(child.output()).toContain('still here')
})

test.each(['pipe', 'socket'] as const)(
  'processes that share one %s as their standard output cut no lines, with a reader slower than they',
  async (kind) => {
    const reader = shared('writer', kind, ['access', '-', 'a', '3000'], ['access', '-', 'b', '3000'])
    const lines: string[] = []
    for await (const line of createInterface({ input: reader.stdout })) {
      lines.push(line)
      // Gives the writers time to fill the pipe.
      if (lines.length % 100 === 0) await new Promise(setImmediate)
    }
    const found = seen(lines.filter((line) => line !== '3000'))
    expect(found.get('a')?.size).toBe(3000)
    expect(found.get('b')?.size).toBe(3000)
  },
)

test('a process whose standard output nobody reads still ends', async () => {
  const path = join(temporary(), 'fifo')
  spawnSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  const child = run('stalled', path)
  expect(await child.ended).toBe(0)
})
