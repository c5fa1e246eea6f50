import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { type Ask, formatStack, leave, stackOf } from '../../../src/system/stack.ts'
import { decodeFrame, encodeText } from '../../../src/system/websocket.ts'
import { socketInodes } from '../../../src/util/proc-sockets.ts'
import { tcpTable } from '../../../src/util/tcp-table.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const report = "globalThis[Symbol.for('t.report')] = () => JSON.stringify({ requests: 2 });"

/** A worker that says 'up' and then does this. */
const worker = async (code: string): Promise<number> => {
  const child = spawn(
    process.execPath,
    ['--inspect-port=127.0.0.1:0', '--inspect-publish-uid=http', '-e', `${report}console.log('up');${code}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

const listeningPorts = (pid: number): number[] => {
  const inodes = socketInodes(pid)
  return tcpTable().flatMap((row) => (row.listening && inodes.has(row.inode) ? [row.port] : []))
}

const evaluate = "globalThis[Symbol.for('t.report')]()"

test.runIf(process.platform === 'linux').each([
  ['a loop', 'function spin(){ for(;;); } setTimeout(spin)', 'spin'],
  [
    'a regular expression',
    "function match(){ /^(a+)+$/.test('a'.repeat(40)+'b') } setTimeout(match)",
    'match',
  ],
  ['endless microtasks', 'async function turn(){ for(;;) await null } setTimeout(turn)', 'turn'],
])('a worker blocked in %s tells its stack and its requests', async (_, code, name) => {
  const stack = await stackOf(await worker(code), { evaluate, deadline: 5000 })
  expect(stack).toMatchObject({ kind: 'stack', evaluated: { value: '{"requests":2}' } })
  expect(stack.kind === 'stack' && formatStack(stack.frames)).toMatch(
    new RegExp(`at ${name} \\(.*:\\d+:\\d+\\)`),
  )
})

test.runIf(process.platform === 'linux')(
  'a worker that waits has no frames, answers, and lives on, also twice',
  async () => {
    const pid = await worker('setInterval(() => {}, 1e6)')
    const expected = { kind: 'stack', frames: [], evaluated: { value: '{"requests":2}' } }
    expect(await stackOf(pid, { evaluate, deadline: 1500 })).toEqual(expected)
    expect(listeningPorts(pid)).toEqual([])
    expect(await stackOf(pid, { evaluate, deadline: 1500 })).toEqual(expected)
    expect(children[0]?.exitCode).toBe(null)
  },
)

test.runIf(process.platform === 'linux')('a worker in native code is told as that', async () => {
  const pid = await worker("setTimeout(() => require('crypto').pbkdf2Sync('a', 'b', 1e8, 64, 'sha512'))")
  expect(await stackOf(pid, { deadline: 400 })).toEqual({ kind: 'native' })
})

test.runIf(process.platform === 'linux')(
  'an expression that throws, or does not end, does not cost the stack',
  async () => {
    const pid = await worker('function spin(){ for(;;); } setTimeout(spin)')
    const thrown = await stackOf(pid, { evaluate: 'nothing()', deadline: 5000 })
    expect(thrown).toMatchObject({ kind: 'stack', evaluated: { threw: expect.stringContaining('nothing') } })
    const endless = await stackOf(pid, { evaluate: 'for(;;);', deadline: 5000, evaluateTimeout: 100 })
    expect(endless).toMatchObject({ kind: 'stack', evaluated: { threw: expect.any(String) } })
    expect(endless.kind === 'stack' && endless.frames[0]?.name).toBe('spin')
  },
)

test.runIf(process.platform === 'linux')(
  'while it is paused a blocked worker can be asked things, before the expression; one that waits is not',
  async () => {
    const asked: unknown[] = []
    const whilePaused = async (ask: Ask): Promise<void> => {
      asked.push(
        await ask('globalThis.times = 1'),
        await ask('globalThis.times += 1'),
        await ask('nothing()'),
      )
    }
    const options = { evaluate: 'globalThis.times', deadline: 5000, whilePaused }
    const blocked = await stackOf(await worker('function spin(){ for(;;); } setTimeout(spin)'), options)
    expect(blocked).toMatchObject({ kind: 'stack', evaluated: { value: 2 } })
    expect(asked).toEqual([{ value: 1 }, { value: 2 }, { threw: expect.stringContaining('nothing') }])
    await stackOf(await worker('setInterval(() => {}, 1e6)'), { ...options, deadline: 1500 })
    expect(asked).toHaveLength(3)
  },
)

test('a process that is gone is unavailable', async () => {
  const child = spawn(process.execPath, ['-e', '0'])
  await once(child, 'exit')
  expect(await stackOf(child.pid ?? 0)).toMatchObject({ kind: 'unavailable', why: expect.any(String) })
})

test('frames are read as they were written, also one byte at a time', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.nat(70_000).map((length) => 'x'.repeat(length)),
      ),
      (text) => {
        // A mask of zeros, and without the mask bit, as servers send.
        const sent = encodeText(text, Buffer.alloc(4))
        const head = sent.length - Buffer.byteLength(text) - 4
        const frame = Buffer.concat([sent.subarray(0, head), sent.subarray(head + 4)])
        frame[1] = (frame[1] ?? 0) & 0x7f
        expect(decodeFrame(frame.subarray(0, -1))).toBeUndefined()
        expect(decodeFrame(frame)).toMatchObject({ final: true, opcode: 1, size: frame.length })
        expect(decodeFrame(frame)?.payload.toString()).toBe(text)
      },
    ),
    { numRuns: 60 },
  )
})

/** A conversation whose last answers come when they are given; tells what was done to it. */
const lastWords = () => {
  const done: string[] = []
  const answers: (() => void)[] = []
  const talk = {
    call: (method: string) => {
      done.push(method)
      return new Promise<void>((resolve) => answers.push(resolve))
    },
    close: () => void done.push('close'),
    release: () => void done.push('release'),
    closed: Promise.resolve(),
  }
  return { talk, done, answers }
}

test('the connection is closed when the last answers are there, and not before', async () => {
  const { talk, done, answers } = lastWords()
  const left = leave(talk, true)
  for (const [index, answer] of answers.entries()) {
    await new Promise(setImmediate)
    expect(done, `answers: ${index}`).toEqual(['Debugger.disable', 'Runtime.evaluate'])
    answer()
  }
  await left
  expect(done.at(-1)).toBe('close')
})

test('a connection on which they do not come is left to the worker', async () => {
  const { talk, done } = lastWords()
  await leave(talk, true)
  expect(done).toEqual(['Debugger.disable', 'Runtime.evaluate', 'release'])
})
