import { expect, test } from 'vitest'
import { appOf, fetchAppOf } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'

/** Every hook writes its name (and what it was told) as one line of hooks.log. */
const recording = (asynchronous = false, extra = '') => `
import { appendFileSync } from 'node:fs'
const note = (text) => appendFileSync('hooks.log', process.pid + ' ' + text + '\\n')
const wait = () => new Promise((resolve) => setTimeout(resolve, ${asynchronous ? 30 : 0}))
const hook = (name, tell = () => '') => ${asynchronous ? 'async ' : ''}(...args) => {
  ${asynchronous ? 'await wait()' : ''}
  note((name + ' ' + tell(...args)).trim())
}
export default {
  nworkers_changed: hook('nworkers_changed', (server, now, old) => now + ' ' + old),
  on_starting: hook('on_starting', (server) => server.pid),
  when_ready: hook('when_ready', (server) => server.address.length),
  pre_fork: hook('pre_fork', (server, worker) => worker.age + ' ' + worker.pid),
  post_fork: hook('post_fork', (server, worker) => worker.age + ' ' + (worker.pid === process.pid)),
  post_worker_init: hook('post_worker_init', (worker) => worker.age),
  pre_request: hook('pre_request', (worker, req) => req.method + ' ' + req.uri),
  post_request: hook('post_request', (worker, req, environ, resp) => req.path + ' ' + resp.status),
  worker_int: hook('worker_int', (worker) => worker.age),
  worker_exit: hook('worker_exit', (server, worker) => worker.age),
  child_exit: hook('child_exit', (server, worker) => worker.age),
  on_reload: hook('on_reload', (server) => server.num_workers),
  pre_exec: hook('pre_exec', (server) => server.pid),
  on_exit: hook('on_exit', (server) => server.pid),
  ${extra}
}
`
const app = `
import { appendFileSync } from 'node:fs'
appendFileSync('hooks.log', process.pid + ' APP\\n')
export default (req, res) => res.end('hello 1')
`
const names = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[1])
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\d+ /, ''))

test.each([false, true])('the order is exactly that of Gunicorn (async hooks: %s)', async (asynchronous) => {
  const server = await start({ workers: 1, app, config: recording(asynchronous) })
  await server.request('/one?x=1')
  await eventually(() => server.read('hooks.log').includes('post_request /one'))
  server.signal('SIGTERM')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  const probe = /^(pre|post)_request (GET )?\/( |$)/
  expect(lines(server.read('hooks.log')).filter((line) => !probe.test(line))).toEqual([
    'nworkers_changed 1 undefined',
    `on_starting ${server.pid}`,
    'when_ready 1',
    'pre_fork 1 [booting]',
    'post_fork 1 true',
    'APP',
    'post_worker_init 1',
    'pre_request GET /one?x=1',
    'post_request /one 200 OK',
    'worker_exit 1',
    'child_exit 1',
    `on_exit ${server.pid}`,
  ])
  await server.assertClean({ keeps: ['hooks.log'] })
})

test('a reload calls nworkers_changed, on_reload, then the new worker, then the end of the old one', async () => {
  const server = await start({ workers: 1, app, config: recording() })
  await eventually(() => server.read('hooks.log').includes('post_request'))
  server.write('hooks.log', '')
  const old = await server.hasWorkers(1)
  server.signal('SIGHUP')
  await server.hasWorkers(1, { not: old })
  await eventually(() => server.read('hooks.log').includes('child_exit'))
  expect(lines(server.read('hooks.log'))).toEqual([
    'nworkers_changed 1 1',
    'on_reload 1',
    'pre_fork 2 [booting]',
    'post_fork 2 true',
    'APP',
    'post_worker_init 2',
    'worker_exit 1',
    'child_exit 1',
  ])
  await server.assertClean({ keeps: ['hooks.log'] })
})

test('TTIN and TTOU tell the numbers', async () => {
  const server = await start({ workers: 1, app, config: recording() })
  server.signal('SIGTTIN')
  await eventually(() => server.read('hooks.log').includes('nworkers_changed 2 1'))
  await server.hasWorkers(2)
  server.signal('SIGTTOU')
  await eventually(() => server.read('hooks.log').includes('nworkers_changed 1 2'))
  await eventually(() => server.read('hooks.log').includes('child_exit 1'))
  await server.assertClean({ keeps: ['hooks.log'] })
})

test('INT to a worker: worker_int, worker_exit, child_exit; a kill: child_exit alone', async () => {
  const server = await start({ workers: 1, app, config: recording() })
  const [first = 0] = await server.hasWorkers(1)
  server.write('hooks.log', '')
  process.kill(first, 'SIGINT')
  const [second = 0] = await server.hasWorkers(1, { not: [first] })
  await eventually(() => names(server.read('hooks.log')).includes('post_worker_init'))
  const ending = (text: string) => names(text).filter((name) => /int$|exit$/.test(name ?? ''))
  expect(ending(server.read('hooks.log'))).toEqual(['worker_int', 'worker_exit', 'child_exit'])
  server.write('hooks.log', '')
  process.kill(second, 'SIGKILL')
  await server.hasWorkers(1, { not: [first, second] })
  await eventually(() => names(server.read('hooks.log')).includes('post_worker_init'))
  expect(ending(server.read('hooks.log'))).toEqual(['child_exit'])
  await server.assertClean({ keeps: ['hooks.log'], allows: [/SIGKILL/] })
})

test('worker_abort runs in a worker that hangs', async () => {
  const extra = `worker_abort: hook('worker_abort', (worker) => worker.age),`
  const server = await start({ workers: 1, args: ['--timeout', '1'], config: recording(false, extra) })
  const old = await server.hasWorkers(1)
  await server.hold('/hang')
  await server.hasWorkers(1, { not: old })
  expect(lines(server.read('hooks.log'))).toContain('worker_abort 1')
  await server.assertClean({ keeps: ['hooks.log'], allows: [/./] })
})

test('pre_exec runs in the old master on USR2', async () => {
  const server = await start({ workers: 1, app, args: ['-p', 'server.pid'], config: recording() })
  server.signal('SIGUSR2')
  await eventually(
    () => server.read('server.pid.2') !== '' && names(server.read('hooks.log')).includes('pre_exec'),
  )
  expect(lines(server.read('hooks.log'))).toContain(`pre_exec ${server.pid}`)
  const successor = Number(server.read('server.pid.2'))
  await server.logged(/The new master is ready/)
  await server.hasWorkers(1, { master: successor })
  server.signal('SIGTERM', server.pid)
  await eventually(() => server.read('server.pid') === `${successor}\n`, { within: 10_000 })
  await server.assertClean({ keeps: ['hooks.log'] })
})

test.each(['nworkers_changed', 'on_starting', 'when_ready', 'pre_fork'])(
  '%s that throws stops the start with 1',
  async (name) => {
    const config = `export default { ${name}() { throw new Error('hook refused') } }`
    const server = await start({ config, until: 'spawned', args: ['-p', 'server.pid'] })
    expect(await server.exited()).toEqual({ code: 1, signal: null })
    await server.logged(/hook refused/)
    await server.logged(new RegExp(name))
    await server.assertClean({ code: 1, allows: [/./] })
  },
)

test.each(['post_fork', 'post_worker_init'])(
  '%s that throws keeps the worker from booting: exit 3',
  async (name) => {
    const config = `export default { ${name}() { throw new Error('hook refused') } }`
    const server = await start({ config, until: 'spawned' })
    expect(await server.exited()).toEqual({ code: 3, signal: null })
    await server.logged(/hook refused/)
    await server.assertClean({ code: 3, allows: [/./] })
  },
)

test('hooks that throw later are logged and stop nothing', async () => {
  const config = `
    const boom = (name) => () => { throw new Error('thrown by ' + name) }
    export default {
      on_reload: boom('on_reload'), child_exit: boom('child_exit'), worker_exit: boom('worker_exit'),
      post_request: boom('post_request'), on_exit: boom('on_exit'),
      pre_fork: (server, worker) => { if (worker.age > 1) throw new Error('thrown by pre_fork') },
    }`
  const server = await start({ workers: 1, config })
  expect(await server.get()).toBe('hello 1')
  await server.logged(/thrown by post_request/)
  const old = await server.hasWorkers(1)
  server.signal('SIGHUP')
  await server.logged(/thrown by on_reload/)
  await server.logged(/thrown by pre_fork/)
  process.kill(old[0] ?? 0, 'SIGTERM')
  await server.logged(/thrown by worker_exit/)
  await server.logged(/thrown by child_exit/)
  await server.serving()
  await server.assertClean({ allows: [/./] })
  await server.logged(/thrown by on_exit/).catch(() => undefined)
})

test('pre_request that throws is a 500', async () => {
  const config = `export default { pre_request(worker, req) { if (req.path === '/cwd') throw new Error('not today') } }`
  const server = await start({ config })
  expect((await server.request('/cwd')).status).toBe(500)
  expect(await server.get('/')).toBe('hello 1')
  await server.logged(/not today/)
  await server.assertClean({ allows: [/./] })
})

const javaScriptKinds = [
  ['node', appOf],
  ['fetch', fetchAppOf],
] as const

test.each(javaScriptKinds)(
  '%s app: post_request is given the very request that pre_request was given, with what was kept on it',
  async (_kind, appOf) => {
    const config = `
      let number = 0
      export default {
        pre_request(worker, req) { req.kept = req.path + ++number },
        async post_request(worker, req) { worker.log.info('kept ' + req.path + ' ' + req.kept) },
      }`
    const server = await start({ workers: 1, app: appOf(), config })
    const slow = await server.hold('/slow?300')
    await server.get('/pid')
    await slow.answer()
    await server.logged(/kept \/pid \/pid\d+/)
    await server.logged(/kept \/slow \/slow\d+/)
    await server.assertClean()
  },
)
