import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { launch, parseVerdict, type Verdict } from '../../../src/system/daemonize.ts'
import { isAlive, statOf } from '../../../src/system/processes.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsg-daemon-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const module = fileURLToPath(new URL('../../../src/system/daemonize.ts', import.meta.url))

const start = (code: string, signal?: AbortSignal): Promise<Verdict> => {
  const program = `import * as d from ${JSON.stringify(module)};${code}`
  return launch({
    command: process.execPath,
    args: ['--import', 'tsx', '--input-type=module', '-e', program],
    env: process.env,
    ...(signal === undefined ? {} : { signal }),
  })
}

test.each([
  ['{"pid":12}', { pid: 12 }],
  ['{"exit":3,"message":"no"}', { exit: 3, message: 'no' }],
  ['{"exit":4}', { exit: 4 }],
  ['{"pid":"x"}', undefined],
  ['nonsense', undefined],
  ['null', undefined],
])('the line %j is the verdict %j', (line, verdict) => {
  expect(parseVerdict(line)).toEqual(verdict)
})

test('a daemon that is ready has its own session, and writes to its log', async () => {
  const log = join(directory, 'log')
  const verdict =
    await start(`d.detachStandardStreams({output:${JSON.stringify(log)},keepOutput:false});d.announceReady()
    console.log('out');console.error('err')
    const {spawnSync}=await import('node:child_process');spawnSync('echo',['child'],{stdio:'inherit'})
    const {writeFileSync}=await import('node:fs');writeFileSync(${JSON.stringify(`${log}.done`)},'')
    setInterval(()=>{},1e6)`)
  const pid = 'pid' in verdict ? verdict.pid : 0
  try {
    expect(pid).toBeGreaterThan(0)
    await expect.poll(() => readFileSync(log, 'utf8')).toBe('out\nerr\nchild\n')
    if (process.platform === 'linux') {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
      // Process group and session are its own, there is no terminal.
      expect(fields.slice(2, 5)).toEqual([String(pid), String(pid), '0'])
      expect(statOf(pid)?.state).not.toBe('Z')
    }
  } finally {
    if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
})

test('a daemon that says it failed, gives status and words', async () => {
  expect(await start("d.announceFailure(4,'no such attribute');process.exit(1)")).toEqual({
    exit: 4,
    message: 'no such attribute',
  })
})

test.each([
  ['dies with a status', 'process.exit(3)', { exit: 3 }],
  ['ends without a word', '', { exit: 1 }],
  ['is killed', "process.kill(process.pid,'SIGKILL')", { exit: 137 }],
])('a daemon that %s', async (_, code, verdict) => {
  expect(await start(code)).toEqual(verdict)
})

test('a launcher that is interrupted ends the daemon', async () => {
  const abort = new AbortController()
  const up = join(directory, 'up')
  const verdict = start(
    `(await import('node:fs')).writeFileSync(${JSON.stringify(up)},'');setInterval(()=>{},1e6)`,
    abort.signal,
  )
  await expect.poll(() => readFileSync(up, { encoding: 'utf8', flag: 'a+' })).toBe('')
  abort.abort()
  expect(await verdict).toEqual({ exit: 143 })
})

test('a program that cannot be started is named', async () => {
  await expect(launch({ command: join(directory, 'none'), args: [], env: {} })).rejects.toThrow(
    /daemon: cannot start .*none/,
  )
})

test('a log that cannot be opened leaves the streams as they are', async () => {
  writeFileSync(join(directory, 'file'), '')
  const output = JSON.stringify(join(directory, 'file', 'log'))
  expect(
    await start(
      `try{d.detachStandardStreams({output:${output},keepOutput:false})}catch(e){d.announceFailure(1,e.code)}`,
    ),
  ).toEqual({
    exit: 1,
    message: 'TSG_LOG_UNWRITABLE',
  })
})
