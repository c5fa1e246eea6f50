/** Every command of tsgunicornc against a running server, with applications of both languages. One server, many questions. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { appOf, noPython, wsgiAppOf } from '../support/apps.ts'
import { builtClient, type ClientResult, client, startClient } from '../support/client.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { noTmux, Terminal, tmuxLabel } from '../support/terminal.ts'

/** What the tests provoke: workers that are killed or do not boot. */
const allows = [
  /SIGKILL|SIGTERM|was terminated|not reloaded|Exception in worker|exited with code|thrown while/,
]

const kinds = [
  ['node', appOf, 'javascript'] as const,
  ...(noPython === undefined ? [['WSGI', wsgiAppOf, 'python'] as const] : []),
]

const startAdministered = async (app: string) => {
  const server = await start({
    app,
    args: ['--pid', 'server.pid', '--error-logfile', 'error.log'],
    // Below TMPDIR, whatever this machine has.
    env: { XDG_RUNTIME_DIR: '' },
    config: { workers: 2 },
  })
  // The runtime folder has none: servers of others on this machine are not found.
  const env = { TMPDIR: server.path('tmp'), XDG_RUNTIME_DIR: server.path('tmp') }
  const options = { cwd: server.folder, env }
  const run = (line: string) => client(line.split(' '), options)
  /** The fields of an answer; the command has to succeed. */
  const json = async (line: string) => {
    const { code, out, err }: ClientResult = await run(`${line} --json`)
    expect([line, code, err]).toEqual([line, 0, ''])
    return JSON.parse(out)
  }
  await eventually(async () => (await run('status')).code === 0, { within: 10_000 })
  return { server, run, json, options }
}

const failing = (language: 'javascript' | 'python', app: string): string =>
  language === 'python'
    ? `${app}\nraise RuntimeError('broken on purpose')\n`
    : `${app}\nthrow new Error('broken on purpose')\n`

test.each(kinds)('%s app: it is looked at', async (_kind, sourceOf, language) => {
  const { server, run, json } = await startAdministered(sourceOf())
  const status = await json('status')
  expect(status).toMatchObject({ version: 1, pid: server.masterPid(), ready: true, alive: true, target: 2 })
  const workers: { pid: number; kind: string; language: string }[] = status.workers
  const pids = workers.filter(({ kind }) => kind === 'worker').map(({ pid }) => pid)
  expect(pids.toSorted()).toEqual(server.workerPids().toSorted())
  const [pid = 0] = pids
  expect((await run('status')).out).toMatch(new RegExp(`^ +\\d+ +${pid} +ready +${language}`, 'm'))
  expect((await run('-p server.pid status')).code).toBe(0)

  const held = await server.hold('/slow?3000')
  const inFlight = await eventually(async () => {
    const { requests } = await json('requests')
    return requests.length > 0 && requests
  })
  expect(inFlight).toMatchObject([{ method: 'GET', path: '/slow?3000' }])
  expect((await run('requests')).out).toMatch(/GET +\/slow\?3000/)
  held.close()

  const stack = await json(`stack ${pid}`)
  expect(stack).toMatchObject({ pid, language })
  // Node's event loop has no stack while nothing runs; Python's threads always have one.
  const idle = language === 'javascript' && /waits for events/.test(stack.note)
  expect(idle || stack.stacks.length > 0).toBe(true)
  expect(await run('stack 1')).toMatchObject({ code: 1, err: expect.stringMatching(/1/) })
  expect((await json('listeners')).listeners).toMatchObject([{ name: `http://127.0.0.1:${server.port}` }])
  expect((await json('generations')).generations).toMatchObject([{ number: 1, state: 'serving' }])
  expect((await run('config --diff')).out).toMatch(/^workers +\S.* 2$/m)
  expect((await json('config')).config.length).toBeGreaterThan(100)
  expect((await run('metrics')).out).toMatch(/^tsgunicorn_workers_target 2$/m)
  expect((await run('logs -n 100')).out).toMatch(/Control socket listening at/)
  expect((await run('reopen')).code).toBe(0)
  expect((await run('doctor')).out).toMatch(/^ok +server +.*is running$/m)
  await server.assertClean({ keeps: ['error.log'], allows })
  expect((await run('status')).code).toBe(3)
})

test.each(kinds)('%s app: it is changed', async (_kind, sourceOf, language) => {
  const { server, run, json, options } = await startAdministered(sourceOf())
  const events = startClient(['events', '--json'], options)
  expect(await json('scale +1')).toMatchObject({ before: 2, target: 3 })
  const three = await server.hasWorkers(3)
  // A restart is ordered of workers that serve.
  await eventually(async () => (await run('status')).out.includes('3 of 3 ready'))
  expect(await run('restart --wait=20')).toMatchObject({ code: 0, err: '' })
  const fresh = await server.hasWorkers(3, { not: three })
  expect(await run(`restart ${fresh[0]} --wait=20`)).toMatchObject({ code: 0, err: '' })
  await eventually(async () => (await run('status')).out.includes('3 of 3 ready'))
  const [drained = 0, killed = 0] = await server.hasWorkers(3, { not: fresh.slice(0, 1) })
  expect((await run(`drain ${drained}`)).code).toBe(0)
  expect((await run(`kill ${killed}`)).code).toBe(0)
  const before = await server.hasWorkers(3, { not: [drained, killed] })

  server.writeApp(sourceOf('2'))
  expect(await json('reload --wait=20')).toMatchObject({ ok: true, message: null })
  await eventually(async () => (await server.get()) === 'hello 2')
  const two = await server.hasWorkers(2, { not: before })
  server.writeApp(failing(language, sourceOf('3')))
  const broken = await run('reload --wait=20')
  expect([broken.code, broken.err]).toEqual([
    1,
    expect.stringMatching(/old workers serve on.*[\s\S]*broken on purpose/),
  ])
  expect(await server.get()).toBe('hello 2')
  // The failed generation is ending; what served stays.
  expect(await server.hasWorkers(2)).toEqual(two)

  const [profiled] = two
  expect((await run(`profile cpu ${profiled} --seconds 1 --output ${server.path('tmp')}`)).code).toBe(0)
  const files = readdirSync(server.path('tmp')).filter((name) => name.includes(String(profiled)))
  expect(files).toHaveLength(1)
  for (const name of files) server.unlink(`tmp/${name}`)

  expect(await run('stop --wait=20')).toMatchObject({ code: 0 })
  expect((await run('status')).code).toBe(3)
  const told = new Set(
    (await events.ended).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event),
  )
  expect([...told]).toEqual(
    expect.arrayContaining(['worker', 'exit', 'staging', 'reload', 'target', 'order', 'mode']),
  )
  await server.assertClean({ keeps: ['error.log'], allows })
})

const successorOf = async (server: Daemon) =>
  Number(await eventually(() => server.read('server.pid.2').trim() || undefined))

test('it is upgraded: backed out, then completed', async () => {
  const { server, run, json } = await startAdministered(appOf())
  const old = server.masterPid()
  expect(await run('upgrade --complete')).toMatchObject({
    code: 1,
    err: expect.stringContaining('No upgrade'),
  })
  expect((await run('upgrade --wait=20')).code).toBe(0)
  expect(await json('status')).toMatchObject({
    pid: old,
    upgrade: 'running',
    otherMaster: await successorOf(server),
  })
  expect((await run('upgrade --back-out --wait=20')).code).toBe(0)
  expect(await json('status')).toMatchObject({ pid: old, upgrade: 'none' })
  server.writeApp(appOf('2'))
  expect((await run('upgrade --wait=20')).code).toBe(0)
  const successor = await successorOf(server)
  expect((await run('upgrade --complete')).code).toBe(0)
  const { pid } = await eventually(async () => {
    const status = await json('status')
    return status.role === 'master' && status
  })
  expect([pid, await server.get()]).toEqual([successor, 'hello 2'])
  await server.assertClean({ keeps: ['error.log'], allows })
})

test.skipIf(noTmux)(`top shows the server and drains a worker${tmuxLabel}`, async () => {
  const { server, options } = await startAdministered(appOf())
  const [first = 0, second = 0] = server.workerPids()
  const terminal = Terminal.open(120, 24, options.env)
  terminal.type(`cd ${server.folder} && ${process.execPath} ${builtClient} top; echo "status $?"`)
  await terminal.shows(new RegExp(`${first} +ready[\\s\\S]*${second} +ready`))
  terminal.press('d')
  await server.hasWorkers(2, { not: [first] })
  await terminal.shows(new RegExp(`${second} +ready[\\s\\S]* +ready`))
  terminal.press('q')
  await terminal.shows(/status 0/)
  await server.assertClean({ keeps: ['error.log'], allows })
})
