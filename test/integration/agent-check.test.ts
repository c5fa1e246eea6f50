/** What an agent check is told through the life of a server. Behind a real HAProxy: scale-out.test.ts. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { appOf, wsgiAppOf } from '../support/apps.ts'
import { ask } from '../support/balancer.ts'
import { type Daemon, run, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { noPython, pythonLabel } from '../support/wsgi.ts'

const config = { workers: 1, pidfile: 'server.pid', agent_check_bind: 'unix:agent.sock' }
const line = (server: Daemon, name = 'agent.sock') => ask(server.path(name), '')
const says = (server: Daemon, words: RegExp | string) =>
  eventually(async () => {
    const said = await line(server)
    return typeof words === 'string' ? said === words : words.test(said)
  })

test('it is down until a worker serves, up and ready while one does, drain from TERM on', async () => {
  const top = 'await new Promise((resolve) => setTimeout(resolve, 500))'
  const server = await start({ app: appOf('1', top), config: { ...config, lame_duck: 1 }, until: 'spawned' })
  await says(server, /^down #(the server is starting|no generation serves yet)\n$/)
  await says(server, 'up ready 100%\n')
  server.signal('SIGTERM')
  await says(server, 'drain\n')
  // It still accepts, for a second.
  expect(await server.get()).toBe('hello 1')
  await server.exited()
  expect(existsSync(server.path('agent.sock'))).toBe(false)
  await server.assertClean()
})

test('an upgrade hands it over, a back-out brings it back, a reload moves it', async () => {
  const server = await start({ config })
  const upgrade = async () => {
    const after = server.logEnd()
    server.signal('SIGUSR2')
    await server.logged(/The new master is ready/, { after })
    return Number(server.read('server.pid.2'))
  }
  const young = await upgrade()
  await says(server, 'up ready 100%\n')
  server.signal('SIGTERM', young)
  await eventually(() => !server.exists('server.pid.2'))
  await says(server, 'up ready 100%\n')

  const successor = await upgrade()
  server.signal('SIGTERM', server.pid)
  // Nobody hears of the old master's end: the new one answers.
  for (let asked = 0; asked < 20; asked += 1) expect(await line(server)).toBe('up ready 100%\n')
  await server.exited()
  await eventually(() => server.read('server.pid') === `${successor}\n`)

  server.rewriteConfig({ ...config, agent_check_bind: 'unix:moved.sock' })
  await server.reload(1)
  expect(await line(server, 'moved.sock')).toBe('up ready 100%\n')
  expect(existsSync(server.path('agent.sock'))).toBe(false)
  await server.assertClean()
})

test('workers that hang neither delay it nor look idle', async () => {
  const server = await start({ config })
  await server.hold('/hang')
  await says(server, /^up ready [2-8]\d%\n$/)
  server.signal('SIGQUIT')
  await server.assertClean({ allows: [/./] })
})

test.skipIf(noPython !== undefined)(`${pythonLabel}: workers are full when their threads are`, async () => {
  const server = await start({ app: wsgiAppOf(), config })
  expect(await line(server)).toBe('up ready 100%\n')
  // Ten requests for one thread that sleeps: no processor is busy.
  const load = await startLoad(server.target, { connections: 10, path: '/slow?50' })
  await says(server, /^up ready [2-8]\d%\n$/)
  expect((await load.stop()).failures).toEqual([])
  await server.assertClean()
})

test('an address that cannot be had is told by the name of its setting', async () => {
  const failed = await run({ config: { ...config, agent_check_bind: 'nonsense:x' } })
  expect(failed.code).toBe(1)
  expect(failed.stderr).toMatch(/agent_check_bind: 'nonsense:x' is not an address/)
})
