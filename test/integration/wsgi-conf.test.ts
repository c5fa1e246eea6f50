/** gunicorn.conf.py, read as it is: found, computed, reread; its hooks in Gunicorn's order, each in its process. */
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/machine.ts'
import {
  hasPythons,
  modes,
  noPython,
  pythonLabel,
  reloadWsgi,
  startWsgi,
  type WsgiOptions,
} from '../support/wsgi.ts'

/** Every hook writes a line of trace.log: its name, and what it was told. */
const recording = `
import os

def record(*words):
    with open("trace.log", "a") as file:
        file.write(" ".join(map(str, words)) + "\\n")

def nworkers_changed(server, new, old): record("nworkers_changed", new, old)
def on_starting(server): record("on_starting", server.pid)
def when_ready(server): record("when_ready", len(server.address))
def pre_fork(server, worker):
    with open("ages.log", "a") as file:
        file.write(f"{worker.age}\\n")
    record("pre_fork", worker.age, worker.pid)
def post_fork(server, worker): record("post_fork", worker.age, worker.pid == os.getpid())
def post_worker_init(worker): record("post_worker_init", worker.age, worker.pid == os.getpid(), callable(worker.wsgi))
def pre_request(worker, req): record("pre_request", req.method, req.uri, req.path, req.query)
def post_request(worker, req, environ, resp): record("post_request", req.path, environ["REQUEST_METHOD"], resp.status)
def worker_int(worker): record("worker_int", worker.age, worker.pid == os.getpid())
def worker_abort(worker): record("worker_abort", worker.age, worker.pid == os.getpid())
def worker_exit(server, worker): record("worker_exit", worker.age, worker.pid == os.getpid())
def child_exit(server, worker): record("child_exit", worker.age)
def on_reload(server): record("on_reload", server.num_workers)
def pre_exec(server): record("pre_exec", server.pid)
def on_exit(server): record("on_exit", server.pid)
`

const conf = (text: string, options: WsgiOptions = {}): WsgiOptions => ({
  ...options,
  files: { 'gunicorn.conf.py': text, 'trace.log': '', 'ages.log': '', ...options.files },
})

const startRecording = (options: WsgiOptions = {}) => startWsgi(conf(recording, { workers: 1, ...options }))

const aged = /^((?:pre_fork|post_fork|post_worker_init|worker_\w+|child_exit) )(\d+)/

/** The lines so far, the ages of workers counted from 1: fronts have ages, too, which hooks do not see. */
const trace = (server: Daemon): string[] =>
  server
    .read('trace.log')
    .replaceAll(new RegExp(aged, 'gm'), (_, name, age) => name + rank(server, age))
    .split('\n')
    // Requests for '/' are those by which the test sees that it serves.
    .filter((line) => line !== '' && !/^pre_request GET \/ |^post_request \/ /.test(line))

const rank = (server: Daemon, age: string): number => server.read('ages.log').split('\n').indexOf(age) + 1

const traced = (server: Daemon, line: string) =>
  eventually(() => trace(server).includes(line), {
    within: 15_000,
    what: () => `${line} in ${trace(server).join('\n')}`,
  })

describe.skipIf(noPython !== undefined)(pythonLabel, () => {
  // The expected orders are those that Gunicorn 26 records with this very file.
  test.each(modes)(
    '%s: the hooks of a start, a request and a stop come in order',
    async (_mode, [, , ...args]) => {
      const server = await startRecording({ args })
      await server.request('/path?x=1')
      await traced(server, 'post_request /path GET 200 OK')
      server.signal('SIGTERM')
      expect(await server.exited()).toEqual({ code: 0, signal: null })
      expect(trace(server)).toEqual([
        'nworkers_changed 1 None',
        `on_starting ${server.pid}`,
        'when_ready 1',
        'pre_fork 1 [booting]',
        'post_fork 1 True',
        'post_worker_init 1 True True',
        'pre_request GET /path?x=1 /path x=1',
        'post_request /path GET 200 OK',
        'worker_exit 1 True',
        'child_exit 1',
        `on_exit ${server.pid}`,
      ])
      await server.assertClean()
    },
  )

  test.each(modes)('%s: those of a reload', async (_mode, [, , ...args]) => {
    const server = await startRecording({ args })
    await traced(server, 'post_worker_init 1 True True')
    server.write('trace.log', '')
    await reloadWsgi(server, 1)
    await traced(server, 'child_exit 1')
    expect(trace(server)).toEqual([
      'nworkers_changed 1 1',
      'on_reload 1',
      'pre_fork 2 [booting]',
      'post_fork 2 True',
      'post_worker_init 2 True True',
      'worker_exit 1 True',
      'child_exit 1',
    ])
    await server.assertClean()
  })

  test('those of TTIN, and of workers that are interrupted, killed, or hang', async () => {
    const server = await startRecording({ args: ['--timeout', '1'] })
    const first = await hasPythons(server, 1)
    server.signal('SIGTTIN')
    await traced(server, 'nworkers_changed 2 1')
    await traced(server, 'post_worker_init 2 True True')
    server.signal('SIGTTOU')
    await traced(server, 'nworkers_changed 1 2')
    await traced(server, 'child_exit 1')
    server.write('trace.log', '')
    const [second = 0] = await hasPythons(server, 1, { not: first })
    process.kill(second, 'SIGINT')
    await traced(server, 'post_worker_init 3 True True')
    const ends = () =>
      trace(server).filter((line) => /int|exit|abort/.test(line) && !line.startsWith('post_worker'))
    expect(ends()).toEqual(['worker_int 2 True', 'worker_exit 2 True', 'child_exit 2'])
    server.write('trace.log', '')
    const [third = 0] = await hasPythons(server, 1, { not: [second] })
    process.kill(third, 'SIGKILL')
    await traced(server, 'post_worker_init 4 True True')
    expect(ends()).toEqual(['child_exit 3'])
    server.write('trace.log', '')
    await server.request('/hang/sleep')
    await traced(server, 'post_worker_init 5 True True')
    await traced(server, 'child_exit 4')
    expect(ends()).toContain('worker_abort 4 True')
    await server.assertClean({ allows: [/./] })
  })

  test('settings are computed, and computed again by HUP', async () => {
    const port = await freePort()
    const text = (workers: string) => `
import multiprocessing, os
from pathlib import Path
workers = ${workers}
threads = max(2, multiprocessing.cpu_count() // 64)
bind = ["127.0.0.1:" + str(${port}), f"unix:{Path.cwd() / 'made.sock'}"]
proc_name = "of " + Path(__file__).name
raw_env = [f"COMPUTED={6 * 7}"]
not_a_setting = {"of": "theirs"}
class Neither: pass
`
    const server = await startWsgi(conf(text('1 + 1'), { bind: [], target: { port } }))
    await hasPythons(server, 2)
    expect(JSON.parse(await server.get('/process')).env.COMPUTED).toBe('42')
    expect(JSON.parse(await server.get('/environ')).values['wsgi.multithread']).toBe(true)
    expect(await server.get('/', { path: server.path('made.sock') })).toBe('hello 1')
    server.write('gunicorn.conf.py', text('len("abc")'))
    await reloadWsgi(server, 3)
    await server.assertClean()
  })

  test.each([[['-c', 'deploy/site.py']], [['-c', 'file:deploy/site.py']], [['-c', 'python:deploy.site']]])(
    '%j names it',
    async (args) => {
      const files = { 'deploy/__init__.py': '', 'deploy/site.py': 'workers = 3\n' }
      const server = await startWsgi({ args, files })
      await hasPythons(server, 3)
      await server.assertClean()
    },
  )

  test('flags come before it', async () => {
    const server = await startWsgi(conf('workers = 3\nthreads = 2\n', { workers: 1 }))
    await hasPythons(server, 1)
    expect(JSON.parse(await server.get('/environ')).values['wsgi.multithread']).toBe(true)
    await server.assertClean()
  })

  const faults = [
    ['workers = 2\nbind = nonsense\n', [/gunicorn\.conf\.py:2/, /NameError: name 'nonsense' is not defined/]],
    ['workers = (2\n', [/gunicorn\.conf\.py:1/, /SyntaxError/]],
    ['import nowhere_installed\n', [/No module named 'nowhere_installed'/]],
    ['workers = "many"\n', [/gunicorn\.conf\.py:1/, /workers/]],
    ['import sys\nsys.exit(3)\n', [/gunicorn\.conf\.py/, /SystemExit|sys\.exit/]],
    ['worker_class = "gevent"\n', [/gevent/, /threads/]],
  ] as const

  test.each(faults)('an error in it ends the start with 1: %j', async (text, words) => {
    const server = await startWsgi(conf(text, { until: 'spawned' }))
    expect(await server.exited()).toEqual({ code: 1, signal: null })
    for (const pattern of words) expect(server.log()).toMatch(pattern)
    await server.assertClean({ code: 1, allows: [/./] })
  })

  test('errors at HUP are told, and the server goes on', async () => {
    const server = await startWsgi(conf('workers = 1\n'))
    const old = await hasPythons(server, 1)
    for (const [text, words] of faults) {
      const after = server.logEnd()
      server.write('gunicorn.conf.py', text)
      server.signal('SIGHUP')
      await server.logged(/\[ERROR\].*not reloaded/, { after })
      for (const pattern of words) await server.logged(pattern, { after })
      expect(await server.get()).toBe('hello 1')
    }
    expect(await hasPythons(server, 1)).toEqual(old)
    await server.assertClean({ allows: [/./] })
  })

  test.each([
    ['import logging\nclass Own(logging.Logger): pass\nlogger_class = Own\n', /\[WARNING\].*logger_class/],
    ['wrokers = 2\n', /\[WARNING\].*'?wrokers'?.*workers/],
  ])('what has no meaning is one clear warning: %j', async (text, words) => {
    const server = await startWsgi(conf(text))
    await server.logged(words)
    expect(server.log().match(/\[WARNING\]/g)).toHaveLength(1)
    await server.assertClean({ allows: [words] })
  })

  test('one in each language: a warning says which is used', async () => {
    const server = await startWsgi(conf('workers = 3\n', { config: { workers: 2 } }))
    await hasPythons(server, 2)
    await server.logged(/\[WARNING\].*gunicorn\.conf\.py/)
    await server.assertClean({ allows: [/gunicorn\.conf\.py/] })
  })

  test.each([
    ['on_starting(server)', 1],
    ['when_ready(server)', 1],
    ['post_fork(server, worker)', 3],
    ['post_worker_init(worker)', 3],
  ])('%s that raises stops the start with %i', async (signature, code) => {
    const text = `def ${signature}:\n    raise RuntimeError("hook refused")\n`
    const server = await startWsgi(conf(text, { workers: 1, until: 'spawned' }))
    expect(await server.exited()).toEqual({ code, signal: null })
    expect(server.log()).toMatch(/hook refused/)
    expect(server.log()).toMatch(/gunicorn\.conf\.py", line 2/)
    await server.assertClean({ code, allows: [/./] })
  })

  test('hooks that raise later are logged and stop nothing; pre_request that does is a 500', async () => {
    const text = `
def pre_request(worker, req):
    if req.path == "/path":
        raise RuntimeError("thrown by pre_request")
def post_request(worker, req):
    raise RuntimeError("thrown by post_request")
def on_reload(server):
    raise RuntimeError("thrown by on_reload")
def child_exit(server, worker):
    raise RuntimeError("thrown by child_exit")
`
    const server = await startWsgi(conf(text, { workers: 1 }))
    expect((await server.request('/path')).status).toBe(500)
    expect(await server.get()).toBe('hello 1')
    await reloadWsgi(server, 1)
    for (const name of ['pre_request', 'post_request', 'on_reload', 'child_exit'])
      await server.logged(new RegExp(`thrown by ${name}`))
    expect(await server.get()).toBe('hello 1')
    await server.assertClean({ allows: [/./] })
  })

  test('hooks have the log, the settings and what else Gunicorn gives them', async () => {
    const text = `
workers = 1
def when_ready(server):
    server.log.info("master says %s, %d workers", server.cfg.proc_name, server.cfg.workers)
def post_worker_init(worker):
    worker.log.warning("worker says %s", [worker.cfg.workers, worker.cfg.timeout, worker.booted, worker.alive])
    try:
        worker.cfg.no_such_setting
    except AttributeError:
        worker.log.info("no such setting")
`
    const server = await startWsgi(conf(text, { args: ['--name', 'shop'] }))
    await server.logged(/\[INFO\] master says shop, 1 workers/)
    await server.logged(/\[WARNING\] worker says \[1, 30, (True|False), True\]/)
    await server.logged(/\[INFO\] no such setting/)
    await server.assertClean({ allows: [/worker says/] })
  })

  test('--print-config names the file and the line of each value', async () => {
    const server = await startWsgi(
      conf('import os\nworkers = 2 + 3\n', { args: ['--print-config'], until: 'spawned' }),
    )
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    expect(server.stdout()).toMatch(/workers\b.*\b5\b.*gunicorn\.conf\.py/)
    await server.assertClean()
  })

  test('init --from writes the TypeScript version, and does not write over one', async () => {
    const text =
      'import os\nworkers = 2 + 3\nbind = ["127.0.0.1:1"]\ndef on_starting(server):\n    print("here")\n'
    const run = (files = {}) =>
      startWsgi(
        conf(text, {
          python: '',
          bind: [],
          appArgument: '',
          args: ['init', '--from', 'gunicorn.conf.py'],
          files,
          until: 'spawned',
        }),
      )
    const server = await run()
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    const written = server.read('gunicorn.conf.ts')
    expect(written).toMatch(/workers: 5/)
    expect(written).toMatch(/bind: \[?'127\.0\.0\.1:1'/)
    expect(written).toMatch(/on_starting[\s\S]*print\("here"\)/)
    await server.assertClean({ keeps: ['gunicorn.conf.ts', '.tsgunicorn'] })
    const again = await run({ 'gunicorn.conf.ts': '// mine\n' })
    expect((await again.exited()).code).not.toBe(0)
    expect(again.read('gunicorn.conf.ts')).toBe('// mine\n')
    await again.assertClean({
      code: (await again.exited()).code,
      allows: [/./],
      keeps: ['.tsgunicorn'],
    })
  })
})
