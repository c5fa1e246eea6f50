/**
 * The real gunicornc of Gunicorn 26 against the built server: the one that TSGUNICORN_TEST_GUNICORNC names. Without it
 * what it sends (recorded in test/fixtures/gunicornc) is sent by the test.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ControlClient } from '../support/control-client.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { repository } from '../support/machine.ts'

const program = process.env['TSGUNICORN_TEST_GUNICORNC']

interface Recorded {
  readonly command: string
  readonly frame: string
}

const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(join(repository, 'test/fixtures/gunicornc/recorded.json'), 'utf8'),
)

const socketOf = async (server: Daemon): Promise<string> => {
  const [, path = ''] = await server.logged(/Control socket listening at (\S+)/)
  return path
}

/** Runs gunicornc; `input`: what is typed. */
const gunicornc = (args: readonly string[], input = '') =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const child = spawn(program ?? '', args, { timeout: 20_000 })
    let out = ''
    let err = ''
    child.stdout.on('data', (text: Buffer) => {
      out += text
    })
    child.stderr.on('data', (text: Buffer) => {
      err += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
    child.stdin.end(input)
  })

describe.runIf(program)('the real gunicornc', () => {
  test('shows and changes a server, command by command and at a prompt', async () => {
    const server = await start({ workers: 2 })
    const path = await socketOf(server)
    const run = async (command: string, ...flags: string[]) => {
      const { code, out, err } = await gunicornc(['-s', path, '-c', command, ...flags])
      expect({ command, code, err }).toEqual({ command, code: 0, err: '' })
      return out
    }
    const json = async (command: string) => JSON.parse(await run(command, '-j'))

    const pids = server.workerPids()
    expect(await run('show all')).toMatch(/ARBITER \(master\)\n {2}PID: \d+\n\nWEB WORKERS \(2\)/)
    const workers = await run('show workers')
    for (const pid of pids) expect(workers).toMatch(new RegExp(`^${pid} +\\d+ +yes +[\\d.]+s ago$`, 'm'))
    expect(await run('show dirty')).toBe('Dirty arbiter not running\n')
    expect(await run('show config')).toMatch(/^workers: 2$/m)
    expect(await json('show stats')).toMatchObject({
      pid: server.masterPid(),
      workers_current: 2,
      workers_target: 2,
    })
    expect(await run('show listeners')).toMatch(/^http:\/\/127\.0\.0\.1:\d+ +tcp +\d+$/m)
    expect(await run('help')).toContain('worker kill <PID>')

    expect(await json('worker add')).toEqual({ added: 1, previous: 2, total: 3 })
    await server.hasWorkers(3)
    expect(await json('worker remove 5')).toEqual({ removed: 2, previous: 3, total: 1 })
    const [left = 0] = await server.hasWorkers(1)
    expect(await json(`worker kill ${left}`)).toEqual({ success: true, killed: left })
    await server.hasWorkers(1, { not: [left] })
    expect(await json('worker kill 1')).toEqual({ success: false, error: 'Worker 1 not found' })
    expect(await json('dirty add')).toMatchObject({ success: false })
    expect(await json('reopen')).toEqual({ status: 'reopening' })
    expect(await json('reload')).toEqual({ status: 'reloading' })
    await server.logged(/Reloaded: generation 2 serves/)

    expect(await gunicornc(['-s', path, '-c', 'bogus'])).toMatchObject({
      code: 1,
      err: 'Error: Invalid argument: Unknown command: bogus\n',
    })
    const typed = await gunicornc(['-s', path], 'show stats\nbogus\nworker add 1\nquit\n')
    expect(typed.out).toMatch(/Workers current: {2}2.*Unknown command: bogus.*"total": 3/s)
    await server.hasWorkers(3)
    expect(await json('shutdown')).toEqual({ status: 'shutting_down', mode: 'graceful' })
    await server.assertClean()
  })
})

test.runIf(program)('gunicornc sends what was recorded of it', async () => {
  const server = await start({ workers: 1 })
  const path = await socketOf(server)
  const { Server } = await import('node:net')
  // Between the two, so that its bytes are seen.
  const seen: string[] = []
  const between = new Server((socket) => {
    socket.once('data', (bytes) => {
      seen.push(bytes.toString('hex'))
      socket.destroy()
    })
  }).listen(`${path}.seen`)
  const some = recorded.filter(({ command }) => ['show all', 'worker add 2'].includes(command))
  for (const { command } of some) await gunicornc(['-s', `${path}.seen`, '-c', command])
  between.close()
  expect(seen).toEqual(some.map(({ frame }) => frame))
  await server.assertClean()
})

test('each recorded command of gunicornc is answered', async () => {
  const server = await start({ workers: 2 })
  const client = await ControlClient.connect(await socketOf(server))
  const ending = recorded.filter(({ command }) => command === 'shutdown')
  const others = recorded.filter(({ command }) => !command.startsWith('shutdown'))
  for (const { command, frame } of [...others, ...ending]) {
    const reply = await client.send(Buffer.from(frame, 'hex')).frame()
    const wrong = /bogus|^show$|^worker$|^dirty$|kill$|add x/.test(command)
    expect({ command, status: reply['status'] }).toEqual({ command, status: wrong ? 'error' : 'ok' })
  }
  await eventually(() => client.socket.readableEnded, { within: 20_000 })
  client.close()
  await server.assertClean()
})
