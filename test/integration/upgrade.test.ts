import { readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { canReturn } from '../../src/system/priority.ts'
import { appOf, everyKind, slowBootApp } from '../support/apps.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startMixedLoad } from '../support/load.ts'
import { builtProgram, temporaryFolder } from '../support/machine.ts'
import { isAlive, standing, usual } from '../support/processes.ts'

const args = ['-p', 'server.pid']
const both = ['127.0.0.1:PORT', 'unix:server.sock']
const targetsOf = (server: Daemon) => [server.target, { path: server.path('server.sock') }]

/** Sends USR2 and waits until the new master and all its workers serve. Gives its pid. */
const upgrade = async (server: Daemon, workers = 2): Promise<number> => {
  const after = server.logEnd()
  const earlier = server.read('server.pid.2')
  server.signal('SIGUSR2', server.masterPid())
  const text = await eventually(
    () => {
      const now = server.read('server.pid.2')
      return now !== '' && now !== earlier && now
    },
    { within: 15_000, what: () => `server.pid.2; log:\n${server.log()}` },
  )
  await server.logged(/The new master is ready/, { after })
  await server.hasWorkers(workers, { master: Number(text) })
  return Number(text)
}

const promoted = (server: Daemon, pid: number) =>
  eventually(() => server.read('server.pid') === `${pid}\n` && !server.exists('server.pid.2'), {
    within: 10_000,
    what: () => `the pidfile to name ${pid}; log:\n${server.log()}`,
  })

test.each(everyKind)(
  '%s app: USR2, then TERM to the old master: the new one takes over and no request is lost',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, args, bind: both })
    const load = await startMixedLoad(targetsOf(server), { rate: 200 })
    server.writeApp(appOf('2'))
    const successor = await upgrade(server)
    expect(server.read('server.pid')).toBe(`${server.pid}\n`)
    await eventually(async () => (await server.get()) === 'hello 2')
    server.signal('SIGTERM', server.pid)
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await promoted(server, successor)
    await server.logged(/Master has been promoted/)
    await load.answered(100)
    for (const report of await load.stop()) expect(report.failures).toEqual([])
    expect(await server.get()).toBe('hello 2')
    expect(await server.get('/', { path: server.path('server.sock') })).toBe('hello 2')
    await server.assertClean()
  },
)

test.each(everyKind)(
  '%s app: USR2, then back out: TERM to the new master leaves the old one as it was',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, args, bind: both })
    const old = await server.hasWorkers(2)
    const load = await startMixedLoad(targetsOf(server), { rate: 200 })
    const successor = await upgrade(server)
    server.signal('SIGTERM', successor)
    await eventually(() => !isAlive(successor) && !server.exists('server.pid.2'), { within: 15_000 })
    expect(server.read('server.pid')).toBe(`${server.pid}\n`)
    expect(await server.hasWorkers(2)).toEqual(old)
    await load.answered(100)
    for (const report of await load.stop()) expect(report.failures).toEqual([])
    // And it may try again.
    const second = await upgrade(server)
    expect(second).not.toBe(successor)
    server.signal('SIGTERM', server.pid)
    await promoted(server, second)
    await server.assertClean()
  },
)

test('TERM to the old master before the new one serves: requests wait in the listen queue, none is lost', async () => {
  const server = await start({ workers: 2, args, bind: both })
  const load = await startMixedLoad(targetsOf(server), { rate: 100 })
  await load.answered(50)
  server.writeApp(slowBootApp('2', 2500))
  const begun = performance.now()
  server.signal('SIGUSR2', server.pid)
  // Two signals in the same moment may be heard the other way round, and then there is no upgrade.
  await server.logged(/Starting a new master/)
  server.signal('SIGTERM', server.pid)
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  // Nobody accepts now; whoever comes is in the queue of the sockets that the new master holds.
  const waiting = server.get()
  expect(await waiting).toBe('hello 2')
  expect(performance.now() - begun).toBeGreaterThan(2000)
  const successor = Number(server.read('server.pid'))
  expect(successor).not.toBe(server.pid)
  await load.answered(50)
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.hasWorkers(2, { master: successor })
  await server.assertClean()
})

/** Stands for another Node: it says so in the environment, and is the same process (exec). */
const newerNode = `#!/bin/sh\nNEWER_NODE=yes exec '${process.execPath}' "$@"\n`

test.each([
  ['by its path', (folder: string) => [join(folder, 'node'), builtProgram]],
  ['by PATH', (folder: string) => ['sh', '-c', `PATH="${folder}:$PATH" exec node "$@"`, 'sh', builtProgram]],
  ['as a daemon', (folder: string) => [join(folder, 'node'), builtProgram, '-D']],
])('Node started %s: a link to it that was switched since is followed', async (how, programIn) => {
  const folder = temporaryFolder()
  const [link, newer] = [join(folder, 'node'), join(folder, 'newer')]
  symlinkSync(process.execPath, link)
  writeFileSync(newer, newerNode, { mode: 0o755 })
  const isDaemon = how === 'as a daemon'
  const server = await start({
    workers: 1,
    program: programIn(folder),
    args: [...args, '--error-logfile', 'error.log'],
    until: isDaemon ? 'spawned' : 'serving',
  })
  if (isDaemon) await server.exited()
  await server.hasWorkers(1)
  const old = server.masterPid()
  const isNewer = (pid: number) =>
    /(?:^|\0)NEWER_NODE=yes\0/.test(readFileSync(`/proc/${pid}/environ`, 'latin1'))
  expect(isNewer(old)).toBe(false)
  unlinkSync(link)
  symlinkSync(newer, link)
  const second = await upgrade(server, 1)
  expect(isNewer(second)).toBe(true)
  process.kill(old, 'SIGTERM')
  await promoted(server, second)
  // Nothing is at the path any more: the Node that runs is taken.
  unlinkSync(link)
  const third = await upgrade(server, 1)
  process.kill(second, 'SIGTERM')
  await promoted(server, third)
  expect(await server.get()).toBe('hello 1')
  await server.assertClean({ keeps: ['error.log'] })
})

test('two upgrades in a row', async () => {
  const server = await start({ workers: 2, args, bind: both })
  const load = await startMixedLoad(targetsOf(server), { rate: 150 })
  let master = server.pid
  for (const version of ['2', '3']) {
    server.writeApp(appOf(version))
    const successor = await upgrade(server)
    server.signal('SIGTERM', master)
    await promoted(server, successor)
    master = successor
    await eventually(async () => (await server.get()) === `hello ${version}`)
  }
  await load.answered(20)
  for (const report of await load.stop()) expect(report.failures).toEqual([])
  await server.assertClean()
})

test('USR2 with a broken configuration: the new master dies, the old one says so and serves on', async () => {
  const server = await start({ config: { workers: 2 }, args, bind: both })
  const old = await server.hasWorkers(2)
  server.rewriteConfig('export default { workers: ')
  const end = server.logEnd()
  server.signal('SIGUSR2')
  await server.logged(/\[(WARNING|ERROR)\].*(upgrade|new master|re-?exec)/i, { after: end })
  await eventually(() =>
    server.processes().every(({ pid, ppid }) => pid === server.pid || ppid === server.pid),
  )
  expect(await server.hasWorkers(2)).toEqual(old)
  expect(server.exists('server.pid.2')).toBe(false)
  expect(await server.get()).toBe('hello 1')
  expect(await server.get('/', { path: server.path('server.sock') })).toBe('hello 1')
  server.rewriteConfig({ workers: 1 })
  const successor = await upgrade(server, 1)
  server.signal('SIGTERM', server.pid)
  await promoted(server, successor)
  await server.assertClean({ allows: [/./] })
})

test('a second USR2 while the first is pending is ignored with a warning', async () => {
  const server = await start({ workers: 2, args })
  const successor = await upgrade(server)
  server.signal('SIGUSR2', server.pid)
  await server.logged(/Child exists/i)
  const end = server.logEnd()
  server.signal('SIGUSR2', successor)
  await server.logged(/Parent exists/i, { after: end })
  server.signal('SIGTERM', server.pid)
  await promoted(server, successor)
  await server.assertClean({ allows: [/ignored/] })
})

test('kill -9 of the old master promotes the new one, and its workers finish their requests', async () => {
  const server = await start({ workers: 2, args })
  const successor = await upgrade(server)
  const held = []
  for (let count = 0; count < 8; count++) held.push(await server.hold('/slow?700'))
  process.kill(server.pid, 'SIGKILL')
  await promoted(server, successor)
  for (const slow of held) expect((await slow.answer()).status).toBe(200)
  expect(await server.get()).toBe('hello 1')
  await server.hasWorkers(2, { master: successor })
  await server.assertClean({ code: null })
})

test('kill -9 of the new master leaves the old one serving', async () => {
  const server = await start({ workers: 2, args })
  const successor = await upgrade(server)
  process.kill(successor, 'SIGKILL')
  await eventually(
    () => server.processes().every(({ pid, ppid }) => pid === server.pid || ppid === server.pid),
    {
      within: 10_000,
    },
  )
  expect(await server.get()).toBe('hello 1')
  // Its pidfile could not be removed by itself; the next upgrade takes it over.
  const second = await upgrade(server)
  expect(second).not.toBe(successor)
  server.signal('SIGTERM', server.pid)
  await server.exited()
  await promoted(server, second)
  await server.assertClean({ allows: [/./] })
})

test('a daemon is upgraded like any other: WINCH, then QUIT to the old master', async () => {
  const server = await start({
    workers: 2,
    args: ['-D', ...args, '--error-logfile', 'error.log'],
    until: 'spawned',
  })
  await server.exited()
  const old = server.masterPid()
  const successor = await upgrade(server)
  server.signal('SIGWINCH', old)
  await server.hasWorkers(0, { master: old })
  expect(await server.get()).toBe('hello 1')
  server.signal('SIGQUIT', old)
  await promoted(server, successor)
  expect(await server.get()).toBe('hello 1')
  await server.assertClean({ keeps: ['error.log'] })
})

test('the new master honours changed addresses', async () => {
  const server = await start({ bind: [], args, config: { bind: ['unix:a.sock'] }, until: 'spawned' })
  const path = (name: string) => ({ path: server.path(name) })
  await eventually(() => server.get('/', path('a.sock')), { within: 15_000 })
  writeFileSync(server.path('gunicorn.conf.ts'), `export default { bind: ['unix:a.sock', 'unix:b.sock'] }`)
  const successor = await upgrade(server, 1)
  await eventually(() => server.get('/', path('b.sock')), { within: 10_000 })
  server.signal('SIGTERM', server.pid)
  await promoted(server, successor)
  expect(await server.get('/', path('a.sock'))).toBe('hello 1')
  expect(await server.get('/', path('b.sock'))).toBe('hello 1')
  await server.assertClean()
})

test.skipIf(!canReturn()).each([
  ['', false],
  [', also when the old one is killed', true],
] as const)('a new master boots behind those who serve, and then beside them%s', async (_, killed) => {
  const server = await start({ app: slowBootApp('1', 700), workers: 1, args })
  const old = server.masterPid()
  server.signal('SIGUSR2', old)
  const successor = () => Number(server.read('server.pid.2'))
  const are = (pids: readonly number[], policy: number) =>
    pids.flatMap(standing).every((thread) => thread.policy === policy)
  await eventually(() => successor() > 0 && are([successor()], 5), { within: 5000 })
  const heir = successor()
  if (killed) process.kill(old, 'SIGKILL')
  const workers = await server.hasWorkers(1, { master: heir })
  await eventually(() => are([heir, ...workers], usual.policy), { within: 5000 })
  if (killed) await promoted(server, heir)
  else {
    server.signal('SIGTERM', old)
    await server.exited()
    await promoted(server, heir)
  }
  await server.assertClean(killed ? { code: null } : {})
})
