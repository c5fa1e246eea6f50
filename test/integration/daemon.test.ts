import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { slowBootApp, throwingApp } from '../support/apps.ts'
import { run, start } from '../support/daemon.ts'
import { builtProgram } from '../support/machine.ts'
import { factsOf } from '../support/processes.ts'

const args = ['-D', '-p', 'server.pid', '--error-logfile', 'error.log']

test('-D returns with 0 when the server answers', async () => {
  const server = await start({ workers: 2, args, app: slowBootApp('1', 400), until: 'spawned' })
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  // No waiting here: the prompt means that it serves.
  expect(await server.get()).toBe('hello 1')
  const master = server.masterPid()
  expect(master).not.toBe(server.pid)
  expect(factsOf(master)?.command).toMatch(/master/)
  for (const fd of [0, 1]) expect(readlinkSync(`/proc/${master}/fd/${fd}`)).toBe('/dev/null')
  server.signal('SIGTERM')
  await server.logged(/Shutting down: Master/)
  await server.gone()
  await server.assertClean({ keeps: ['error.log'] })
})

test('a caller that reads the pipes to their end gets its prompt back', async () => {
  // The shell's $( ) returns when everyone has closed the pipe, the daemon too.
  const caller = 'out=$("$@" 2>&1); echo "returned $? <$out>"'
  const server = await start({
    program: ['/bin/sh', '-c', caller, 'sh', process.execPath, builtProgram],
    workers: 1,
    args,
    until: 'spawned',
  })
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  expect(server.stdout()).toBe('returned 0 <>\n')
  expect(await server.get()).toBe('hello 1')
  await server.assertClean({ keeps: ['error.log'] })
})

test.each([
  ['a wrong configuration', { config: { worker: 1 } }, 1, /'worker'/],
  ['an application that throws', { app: throwingApp }, 3, /thrown while loading/],
  ['a missing attribute', { appArgument: 'app.mjs:nothing' }, 4, /nothing/],
])('%s comes to the terminal, with its exit code', async (_name, options, wanted, words) => {
  const { code, stderr, daemon } = await run({ ...options, args })
  expect(code).toBe(wanted)
  expect(stderr).toMatch(words)
  await daemon.gone()
  await daemon.assertClean({ code: wanted, keeps: ['error.log'], allows: [/./] })
})

test('the daemon is a session leader that does not hear the terminal', async () => {
  const server = await start({ workers: 1, args, until: 'spawned' })
  await server.exited()
  const master = server.masterPid()
  const stat = spawnSync('ps', ['-o', 'sid=,pgid=,tty=', '-p', String(master)], { encoding: 'utf8' }).stdout
  expect(stat.trim().split(/\s+/)).toEqual([String(master), String(master), '?'])
  await server.assertClean({ keeps: ['error.log'] })
})

test('WINCH takes the workers of a daemon away, HUP brings them back', async () => {
  const server = await start({ workers: 2, args, until: 'spawned' })
  await server.exited()
  const workers = await server.hasWorkers(2)
  server.signal('SIGWINCH')
  await server.hasWorkers(0)
  server.signal('SIGHUP')
  await server.hasWorkers(2, { not: workers })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean({ keeps: ['error.log'] })
})

test('WINCH is ignored by a server that is no daemon', async () => {
  const server = await start({ workers: 2, args: ['--log-level', 'debug'] })
  const workers = await server.hasWorkers(2)
  server.signal('SIGWINCH')
  await server.logged(/SIGWINCH ignored/)
  expect(server.workerPids()).toEqual(workers)
  await server.assertClean()
})
