/**
 * gunicorn.conf.py, read as it is: where it is found, what it computes, what is wrong with it, and its hooks, each in
 * its process and in the order in which Gunicorn 26.2 calls them with the same file (test/fixtures/gunicorn-conf/).
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Daemon, run } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { freePort, repository } from '../support/machine.ts'
import { noPython, python3, pythonLabel, pythonsOf, startWsgi } from '../support/wsgi.ts'

const pythonTest = test.skipIf(noPython !== undefined)
const it = (name: string, body: () => Promise<void>, patience = 60_000) =>
  pythonTest(`${pythonLabel}: ${name}`, body, patience)

const fixture = (name: string): string =>
  readFileSync(join(repository, 'test/fixtures/gunicorn-conf', name), 'utf8')

/** Answers with the value of an expression, and notes that it was loaded. */
const app = `import os, sys, json, time
from urllib.parse import unquote
with open('hooks.log', 'a') as file:
    file.write('APP\\n')
def app(environ, start_response):
    if environ['PATH_INFO'] == '/boom':
        raise ValueError('boom')
    if environ['PATH_INFO'] == '/sleep':
        time.sleep(60)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-A', '1')])
    ask = unquote(environ['QUERY_STRING'])
    return [(json.dumps(eval(ask)) if ask.startswith('(') else 'hello').encode()]
`

interface Options {
  readonly args?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly bind?: readonly string[]
  readonly until?: 'spawned' | 'serving'
  readonly appArgument?: string
}

/** A server of this gunicorn.conf.py. */
const withConf = (conf: string, { files = {}, ...options }: Options = {}): Promise<Daemon> =>
  startWsgi({
    appArgument: 'asked:app',
    ...options,
    files: { 'asked.py': app, 'hooks.log': '', 'gunicorn.conf.py': conf, ...files },
  })

const noted = (server: Daemon): string[] => server.read('hooks.log').split('\n').slice(0, -1)

const hasNoted = (server: Daemon, pattern: RegExp, count = 1) =>
  eventually(() => noted(server).filter((line) => pattern.test(line)).length >= count, {
    within: 15_000,
    what: () => `${count} times ${pattern} in:\n${server.read('hooks.log')}\n${server.log()}`,
  })

/** What a worker says of itself. */
const asked = async (server: Daemon, expression: string): Promise<unknown> =>
  JSON.parse(await server.get(`/?${encodeURIComponent(`(${expression})`)}`))

// --- hooks ---

/** Fronts have numbers, too: a worker's age tells who is older, and nothing more. */
const ageless = (line: string): string =>
  line.replace(/worker\(\d+ /g, 'worker(').replace(/^child_exit \d+ /, 'child_exit ')

/** The probes that `start` sends until it serves are left out. */
const isProbe = (line: string): boolean =>
  / \/ |^peer|^answer .*'text\/plain'\), \('X-A', '1'\)\] worker\(.* 15\.0\)$/.test(line)

const server1 = 'server(1 trace 1 30 True)'
const forked = (): string[] => [
  `pre_fork ${server1} worker([booting] False True 0 15.0)`,
  `post_fork ${server1} worker(True False True 0 15.0) True`,
  'APP',
  'post_worker_init worker(True False True 0 15.0)',
]

it('every hook is called in its process, in the order and with the attributes of Gunicorn', async () => {
  const server = await withConf(fixture('trace.py'), { args: ['-w', '1'] })
  await server.logged(/\[INFO\] Server is ready\. 1 workers/)
  await server.logged(/\[INFO\] Worker spawned \(pid: \d+\)/)
  await server.logged(/\[INFO\] initialised 1/)
  server.signal('SIGTERM')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  const lines = noted(server).map(ageless)
  expect(lines.filter((line) => !/^(pre|post)_request|^peer|^answer/.test(line)).map(uncounted)).toEqual([
    'nworkers_changed 1 None',
    `on_starting ${server1}`,
    `when_ready ${server1} ['127.0.0.1']`,
    ...forked(),
    'worker_exit worker(True True False N 15.0)',
    'child_exit int 0',
    `on_exit ${server1}`,
  ])
  await server.assertClean({ keeps: ['hooks.log'] })
})

/** How many probes were answered is the machine's affair. */
const uncounted = (line: string): string => line.replace(/^(worker_\w+ worker\(\w+ \w+ \w+) \d+/, '$1 N')

it('hooks of a request see it as Gunicorn parsed it, and keep things on it', async () => {
  const server = await withConf(fixture('trace.py'), { args: ['-w', '1'] })
  server.write('hooks.log', '')
  await server.request('/o%20ne?x=1', { headers: { 'X-One': '1' } })
  expect((await server.request('/boom', { headers: { 'X-One': '2' } })).status).toBe(500)
  await hasNoted(server, /^answer \[\]/)
  const lines = noted(server).map((line) => line.replace(/worker\(1 True True True \d+ 15\.0\)/, 'worker'))
  expect(lines.filter((line) => !isProbe(line) || /^peer|^answer/.test(line))).toEqual([
    "pre_request GET /o%20ne?x=1 /o%20ne x=1 (1, 1) [('X-ONE', '1')] http",
    'peer 127.0.0.1 int 1 worker',
    'post_request begun GET /o ne 200 OK 200 5',
    "answer [('Content-Type', 'text/plain'), ('X-A', '1')] worker",
    "pre_request GET /boom /boom  (1, 1) [('X-ONE', '2')] http",
    'peer 127.0.0.1 int 1 worker',
    'post_request begun GET /boom None None 0',
    'answer [] worker',
  ])
  await server.assertClean({ keeps: ['hooks.log'], allows: [/Error handling request GET \/boom/, /boom/] })
})

it('a reload, TTIN and TTOU call them in the order of Gunicorn', async () => {
  const server = await withConf(fixture('trace.py'), { args: ['-w', '1'] })
  server.write('hooks.log', '')
  server.signal('SIGHUP')
  await hasNoted(server, /^child_exit/)
  const inOrder = (names: readonly string[]) =>
    noted(server)
      .map((line) => line.split(' ')[0])
      .filter((name) => names.includes(name ?? ''))
  expect(noted(server).map(ageless).slice(0, 2)).toEqual(['nworkers_changed 1 1', `on_reload ${server1}`])
  expect(inOrder(['pre_fork', 'post_fork', 'APP', 'post_worker_init', 'child_exit'])).toEqual([
    ...['pre_fork', 'post_fork', 'APP', 'post_worker_init', 'child_exit'],
  ])
  expect(inOrder(['worker_exit', 'child_exit'])).toEqual(['worker_exit', 'child_exit'])
  server.write('hooks.log', '')
  server.signal('SIGTTIN')
  await hasNoted(server, /^post_worker_init/)
  expect(noted(server).map(ageless).slice(0, 3)).toEqual([
    'nworkers_changed 2 1',
    'pre_fork server(2 trace 1 30 True) worker([booting] False True 0 15.0)',
    'post_fork server(2 trace 1 30 True) worker(True False True 0 15.0) True',
  ])
  server.write('hooks.log', '')
  server.signal('SIGTTOU')
  await hasNoted(server, /^child_exit/)
  // The worker is told while the master's hook runs: what is in order is each process, and the end.
  expect(inOrder(['nworkers_changed', 'child_exit'])).toEqual(['nworkers_changed', 'child_exit'])
  expect(inOrder(['worker_exit', 'child_exit'])).toEqual(['worker_exit', 'child_exit'])
  await server.assertClean({ keeps: ['hooks.log'] })
})

it('INT to a worker calls worker_int and worker_exit, ABRT worker_abort and worker_exit, KILL none', async () => {
  const server = await withConf(fixture('trace.py'), { args: ['-w', '1'] })
  const ends = async (signal: NodeJS.Signals) => {
    server.write('hooks.log', '')
    const [pid = 0] = pythonsOf(server)
    process.kill(pid, signal)
    await hasNoted(server, /^post_worker_init/)
    return noted(server)
      .map((line) => line.split(' ')[0])
      .filter((name) => /int$|abort$|exit$/.test(name ?? '') && !name?.startsWith('post'))
  }
  expect(await ends('SIGINT')).toEqual(['worker_int', 'worker_exit', 'child_exit'])
  expect(await ends('SIGABRT')).toEqual(['worker_abort', 'worker_exit', 'child_exit'])
  expect(await ends('SIGKILL')).toEqual(['child_exit'])
  await server.assertClean({ keeps: ['hooks.log'], allows: [/./] })
})

it('a request beyond the timeout calls worker_abort', async () => {
  const server = await withConf(fixture('trace.py').replace('timeout = 30', 'timeout = 1'), {
    args: ['-w', '1'],
  })
  server.write('hooks.log', '')
  expect((await server.request('/sleep')).status).toBe(504)
  await hasNoted(server, /^child_exit/)
  const names = noted(server).map((line) => line.split(' ')[0])
  expect(names.filter((name) => name === 'worker_abort' || name === 'worker_exit')).toEqual([
    'worker_abort',
    'worker_exit',
  ])
  await server.assertClean({ keeps: ['hooks.log'], allows: [/./] })
})

it('USR2 calls pre_exec in the old master', async () => {
  const server = await withConf(fixture('trace.py'), { args: ['-w', '1', '-p', 'server.pid'] })
  server.signal('SIGUSR2')
  await hasNoted(server, /^pre_exec server\(1 trace 1 30 True\)/)
  await server.logged(/The new master is ready/)
  const successor = Number(server.read('server.pid.2'))
  server.signal('SIGTERM', server.pid)
  await eventually(() => server.read('server.pid') === `${successor}\n`, { within: 10_000 })
  await server.assertClean({ keeps: ['hooks.log'] })
})

it('with preload_app the hooks of a worker run in each fork, and the application is loaded once', async () => {
  const server = await withConf(fixture('trace.py'), { args: ['-w', '2', '--preload'] })
  await hasNoted(server, /^post_worker_init/, 2)
  const lines = noted(server)
  expect(lines.filter((line) => line === 'APP')).toHaveLength(1)
  expect(lines.filter((line) => line.startsWith('post_fork'))).toHaveLength(2)
  expect(lines.indexOf('APP')).toBeLessThan(lines.findIndex((line) => line.startsWith('pre_fork')))
  await server.assertClean({ keeps: ['hooks.log'] })
})

// --- what hooks of real configurations do ---

const note = `import os
def note(*words):
    with open('hooks.log', 'a') as file:
        file.write(' '.join(map(str, words)) + '\\n')
`

it('the known recipe for worker numbers 1..N works: attributes of server and worker, from master to worker', async () => {
  const recipe = `import os
def on_starting(server):
    server._worker_id_overload = set()
def nworkers_changed(server, new_value, old_value):
    server._worker_id_current_workers = new_value
def _next_worker_id(server):
    if server._worker_id_overload:
        return server._worker_id_overload.pop()
    in_use = set(w._worker_id for w in tuple(server.WORKERS.values()) if w.alive)
    free = set(range(1, server._worker_id_current_workers + 1)) - in_use
    return free.pop()
def on_reload(server):
    server._worker_id_overload = set(range(1, server.cfg.workers + 1))
def pre_fork(server, worker):
    worker._worker_id = _next_worker_id(server)
def post_fork(server, worker):
    os.environ["APP_WORKER_ID"] = str(worker._worker_id)
`
  const server = await withConf(recipe, { args: ['-w', '2'] })
  const ids = async () => {
    const seen = new Set<unknown>()
    await eventually(async () => {
      const burst = Array.from({ length: 6 }, () =>
        asked(server, "(__import__('time').sleep(.02), os.environ['APP_WORKER_ID'])[1]"),
      )
      for (const id of await Promise.all(burst)) seen.add(id)
      return seen.size >= 2
    })
    return [...seen].sort()
  }
  expect(await ids()).toEqual(['1', '2'])
  process.kill(pythonsOf(server)[0] ?? 0, 'SIGKILL')
  await server.logged(/SIGKILL/)
  await eventually(() => pythonsOf(server).length === 2)
  expect(await ids()).toEqual(['1', '2'])
  server.signal('SIGHUP')
  await server.logged(/Reloaded: generation 2 serves/)
  expect(await ids()).toEqual(['1', '2'])
  await server.assertClean({ keeps: ['hooks.log'], allows: [/SIGKILL/] })
})

it("environment and sys.path that the file sets are the workers', also when it has no hooks", async () => {
  const conf = `import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'
os.environ.setdefault('FROM_TEST', 'not this')
os.environ['RAW'] = 'of the file'
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))
raw_env = ['RAW=of raw_env']
`
  for (const args of [[], ['--preload']]) {
    const server = await withConf(conf, {
      args,
      env: { FROM_TEST: 'set' },
      files: { 'lib/inlib.py': `from asked import app\n` },
      appArgument: 'inlib:app',
    })
    const names = ['DJANGO_SETTINGS_MODULE', 'FROM_TEST', 'RAW']
    const values = await asked(server, `[os.environ.get(name) for name in ${JSON.stringify(names)}]`)
    expect(values).toEqual(['mysite.settings', 'set', 'of raw_env'])
    await server.assertClean({ keeps: ['hooks.log'] })
  }
})

it('a thread that when_ready starts serves through reloads, and ends with the server', async () => {
  const conf = `${note}
import threading, http.server
def when_ready(server):
    metrics = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
    server.metrics_port = metrics.server_port
    threading.Thread(target=metrics.serve_forever, daemon=True).start()
    note('port', metrics.server_port)
def on_reload(server):
    note('reload', server.metrics_port)
`
  const server = await withConf(conf)
  await hasNoted(server, /^port/)
  const port = Number(
    noted(server)
      .find((line) => line.startsWith('port'))
      ?.split(' ')[1],
  )
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/hooks.log`)).status
  expect(await metrics()).toBe(200)
  server.signal('SIGHUP')
  await server.logged(/Reloaded: generation 2 serves/)
  await hasNoted(server, new RegExp(`^reload ${port}$`))
  expect(await metrics()).toBe(200)
  await server.assertClean({ keeps: ['hooks.log'], allows: [/"GET \/hooks.log/] })
  await expect(metrics()).rejects.toThrow()
})

it('child_exit has the pid of the dead, for metrics that are kept by pid', async () => {
  const conf = `${note}
def child_exit(server, worker):
    note('mark_process_dead', worker.pid)
    server.log.info('worker %s is gone', worker.pid)
`
  const server = await withConf(conf, { args: ['-w', '1'] })
  const [pid = 0] = pythonsOf(server)
  process.kill(pid, 'SIGTERM')
  await hasNoted(server, new RegExp(`^mark_process_dead ${pid}$`))
  await server.logged(new RegExp(`worker ${pid} is gone`))
  await server.assertClean({ keeps: ['hooks.log'], allows: [/exited by itself/] })
})

it('post_fork may dispose of what was opened before the fork; worker_int prints the stacks of its threads', async () => {
  const conf = `${note}
import asked, sys, threading, traceback
preload_app = True
asked.pool = ['a connection of', os.getpid()]
def post_fork(server, worker):
    asked.pool = ['a connection of', os.getpid()]
def worker_int(worker):
    worker.log.info("worker received INT or QUIT signal")
    names = {th.ident: th.name for th in threading.enumerate()}
    code = []
    for thread, stack in sys._current_frames().items():
        code.append("\\n# Thread: %s(%d)" % (names.get(thread, ""), thread))
        for filename, lineno, name, line in traceback.extract_stack(stack):
            code.append('File: "%s", line %d, in %s' % (filename, lineno, name))
    worker.log.info("\\n".join(code))
`
  const server = await withConf(conf, { args: ['-w', '1'] })
  const [pid = 0] = pythonsOf(server)
  expect(await asked(server, "(sys.modules['asked'].pool)[1] - os.getpid()")).toBe(0)
  process.kill(pid, 'SIGINT')
  await server.logged(/worker received INT or QUIT signal/)
  await server.logged(/# Thread: MainThread\(\d+\)/)
  await server.assertClean({ keeps: ['hooks.log'], allows: [/exited by itself/] })
})

it('post_request that sets worker.alive to False has the worker replaced, and loses no request', async () => {
  const conf = `def post_request(worker, req, environ, resp):
    if worker.nr >= 20:
        worker.alive = False
`
  const server = await withConf(conf, { args: ['-w', '1'] })
  const [first = 0] = pythonsOf(server)
  await eventually(async () => (await asked(server, 'os.getpid()')) !== first, {
    within: 20_000,
    what: () => server.log(),
  })
  await server.logged(/worker\.alive was set to False/)
  await server.assertClean({ keeps: ['hooks.log'] })
})

it('a thread of a hook may log at any time', async () => {
  const conf = `import threading
def when_ready(server):
    def speak():
        for number in range(2000):
            server.log.info('thread says %d %s', number, 'x' * 200)
    for _ in range(4):
        threading.Thread(target=speak, daemon=True).start()
def on_exit(server): pass
`
  const server = await withConf(conf, { args: ['-w', '1'] })
  await eventually(() => server.log().split('thread says 1999').length === 5, {
    within: 20_000,
    what: () => server.log().slice(-1000),
  })
  await server.assertClean({ keeps: ['hooks.log'] })
})

it('hooks may be named by a text, and come from a module beside the file', async () => {
  const server = await withConf(
    "from shared import *\npost_fork = 'shared.forked'\non_starting = 'shared.starting'\n",
    {
      files: {
        'shared.py': `${note}
workers = 1
def starting(server): note('starting')
def forked(server, worker): note('forked')
`,
      },
    },
  )
  await hasNoted(server, /^forked/)
  expect(noted(server).filter((line) => line !== 'APP')).toEqual(['starting', 'forked'])
  await server.assertClean({ keeps: ['hooks.log'] })
})

it('hooks that throw: before the server is ready they stop it, later they are logged', async () => {
  const early = await withConf('def on_starting(server):\n    server.gone\n', { until: 'spawned' })
  expect(await early.exited()).toEqual({ code: 1, signal: null })
  await early.logged(/on_starting hook: AttributeError: server\.gone: not in tsgunicorn/)
  await early.logged(/gunicorn\.conf\.py", line 2, in on_starting/)
  expect(early.log().match(/Traceback/g)).toHaveLength(1)
  const booting = await withConf('def post_fork(server, worker):\n    1 / 0\n', { until: 'spawned' })
  expect(await booting.exited()).toEqual({ code: 3, signal: null })
  await booting.logged(/post_fork: ZeroDivisionError/)
  const late = await withConf(
    'def post_request(worker, req, environ, resp):\n    1 / 0\ndef child_exit(server, worker):\n    raise KeyError("late")\n',
  )
  expect(await late.get()).toBe('hello')
  await late.logged(/ZeroDivisionError/)
  process.kill(pythonsOf(late)[0] ?? 0, 'SIGTERM')
  await late.logged(/child_exit hook: KeyError: 'late'/)
  await late.serving()
  await late.assertClean({ keeps: ['hooks.log'], allows: [/./] })
})

// --- found, computed, refused ---

const printed = async (conf: Readonly<Record<string, string>>, args: readonly string[] = []) => {
  const { code, stdout, stderr, daemon } = await run({
    bind: [],
    appArgument: 'asked:app',
    args: ['--python', python3, '--print-config', ...args],
    files: { 'asked.py': app, 'hooks.log': '', ...conf },
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  })
  await daemon.destroy()
  return { code, stdout, stderr }
}

pythonTest.each([
  [[], 'gunicorn.conf.py'],
  [['-c', 'other.py'], 'other.py'],
  [['-c', 'file:other.py'], 'other.py'],
  [['-c', 'python:conf.prod'], 'conf/prod.py'],
  [['-c', 'gunicorn.settings'], 'gunicorn.settings'],
])('the file is found, or given: %j', async (args, file) => {
  const text = (name: string) =>
    `import multiprocessing\nworkers = multiprocessing.cpu_count() * 0 + 7\nproc_name = '${name}'\n`
  const names = ['gunicorn.conf.py', 'other.py', 'conf/prod.py', 'gunicorn.settings']
  const files = Object.fromEntries(names.map((name) => [name, text(name)]))
  const { code, stdout, stderr } = await printed(files, args)
  expect({ code, stderr: stderr.replace(/.*read as Python.*\n/, '') }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(new RegExp(`^proc_name\\s+= '?${file}'?.*${file.split('/').at(-1)}:3`, 'm'))
  expect(stdout).toMatch(/^workers\s+= 7/m)
  if (file === 'gunicorn.settings') expect(stderr).toMatch(/gunicorn\.settings: .*extension.*read as Python/)
})

pythonTest.each([
  ['workers = 3 +', 1, /gunicorn\.conf\.py:1: SyntaxError: invalid syntax/],
  ['a = 1\nworkers = cpus()', 1, /gunicorn\.conf\.py:2: NameError: name 'cpus' is not defined/],
  ['import nowhere', 1, /gunicorn\.conf\.py:1: ModuleNotFoundError: No module named 'nowhere'/],
  ['import sys\nsys.exit(9)', 1, /gunicorn\.conf\.py:2: SystemExit: the configuration called sys\.exit\(9\)/],
  ["\nworkers = 'many'", 1, /gunicorn\.conf\.py:2: workers = "?'?many/],
  [
    'def pre_fork(server): pass',
    1,
    /gunicorn\.conf\.py:1: pre_fork: it is called with \(server, worker\), and takes \(server\)/,
  ],
  ["on_exit = 'nowhere.hook'", 1, /on_exit: ModuleNotFoundError: No module named 'nowhere'/],
  ["worker_class = 'gevent'", 1, /worker_class.*gevent.*threads/s],
])('%j: the start is refused in words', async (conf, status, words) => {
  const { code, stderr } = await printed({ 'gunicorn.conf.py': `${conf}\n` })
  expect(stderr).toMatch(words)
  expect(code).toBe(status)
})

it('what it prints is seen, also when it is refused', async () => {
  const { code, stderr } = await printed({
    'gunicorn.conf.py': "print('looked')\nraise RuntimeError('no')\n",
  })
  expect(stderr).toMatch(/^looked$[\s\S]*RuntimeError: no/m)
  expect(code).toBe(1)
})

it('a daemon with hooks lets go of the terminal that started it', async () => {
  const server = await withConf('def when_ready(server):\n    print("ready")\n', {
    args: ['-D', '-p', 'server.pid', '--error-logfile', 'error.log'],
    until: 'spawned',
  })
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  const held = server
    .processes()
    .flatMap(({ pid }) => [1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)))
    .filter((file) => /std(out|err)\.log$/.test(file))
  expect(held).toEqual([])
  expect(server.processes().length).toBeGreaterThan(3)
  await server.serving()
  expect(server.read('stderr.log')).toContain('ready')
  await server.assertClean({ keeps: ['hooks.log', 'error.log'] })
})

it('what has no meaning here is a warning, and so is a slip of the pen', async () => {
  const conf =
    'import logging\nclass Logger(logging.Logger): pass\nlogger_class = Logger\nwoker_class = "sync"\nmy_own = 5\n'
  const { code, stderr } = await printed({ 'gunicorn.conf.py': conf })
  expect(stderr).toMatch(/gunicorn\.conf\.py:3: logger_class.*no meaning/)
  expect(stderr).toMatch(
    /gunicorn\.conf\.py:4: 'woker_class' is no setting and is ignored\. Did you mean 'worker_class'\?/,
  )
  expect(stderr).not.toContain('my_own')
  expect(code).toBe(0)
})

it('HUP takes workers and bind of the changed file; a broken one leaves the server as it was', async () => {
  const conf = (workers: string, extra = '') =>
    `import os\nworkers = ${workers}\nproc_name = 'changing'\n${extra}def child_exit(server, worker): server.log.info('gone')\n`
  const server = await withConf(conf('1'), {})
  server.write('gunicorn.conf.py', conf('1 + 1'))
  server.signal('SIGHUP')
  await server.logged(/Reloaded: generation 2 serves/)
  await eventually(() => pythonsOf(server).length === 2)
  const before = pythonsOf(server)
  for (const [text, words] of [
    [conf('(1'), /SyntaxError/],
    [conf('unknown_name'), /gunicorn\.conf\.py:2: NameError: name 'unknown_name' is not defined/],
    [conf("'x'"), /gunicorn\.conf\.py:2: workers = /],
    [conf('2', 'os._exit(7)\n'), /it ended by itself \(status 7\)/],
  ] as const) {
    const after = server.logEnd()
    server.write('gunicorn.conf.py', text)
    server.signal('SIGHUP')
    await server.logged(words, { after })
    await server.logged(/configuration not reloaded, generation 2 serves on/, { after })
    expect(pythonsOf(server)).toEqual(before)
    expect(await server.get()).toBe('hello')
  }
  // The process of the hooks died with os._exit: the next hook has another, with the text in force.
  const after = server.logEnd()
  process.kill(before[0] ?? 0, 'SIGTERM')
  await server.logged(/\] gone/, { after })
  await server.assertClean({ keeps: ['hooks.log'], allows: [/./] })
})

it('bind of the file is where it listens, and HUP moves it', async () => {
  const free = await Promise.all([freePort(), freePort()])
  const conf = (port: number | undefined) => `bind = '127.0.0.1:' + str(${port})\nworkers = 1\n`
  const server = await withConf(conf(free[0]), { bind: [], until: 'spawned' })
  const answers = (port: number | undefined) =>
    eventually(async () => (await server.get('/', { port: port ?? 0 }).catch(() => undefined)) === 'hello', {
      within: 15_000,
      what: () => server.log(),
    })
  await answers(free[0])
  server.write('gunicorn.conf.py', conf(free[1]))
  server.signal('SIGHUP')
  await answers(free[1])
  await server.logged(/Reloaded: generation 2 serves/)
  await eventually(
    async () => (await server.get('/', { port: free[0] ?? 0 }).catch(() => 'closed')) === 'closed',
  )
  await server.assertClean({ keeps: ['hooks.log'] })
})

// --- reload ---

it('reload: a file that is saved while the application is still being loaded is not missed', async () => {
  const server = await withConf('reload = True\n', {
    appArgument: 'site_app:app',
    files: {
      'views.py': "word = 'old'\n",
      // It has read its views, and takes its time.
      'site_app.py': `import os, time, views
if not os.path.exists('again'):
    open('again', 'w').close()
    time.sleep(0.3)
    with open('views.py', 'w') as file:
        file.write("word = 'new'\\n")
    time.sleep(0.3)
def app(environ, start_response):
    start_response("200 OK", [])
    return [views.word.encode()]
`,
    },
  })
  await eventually(async () => (await server.get()) === 'new', { within: 8000, what: () => server.log() })
  await server.assertClean({ keeps: ['hooks.log', 'again'], allows: [/Reloader is on/] })
})

pythonTest.each([[[]], [['--preload']]])(
  'reload = True: a changed module is served soon, a broken one is told of %j',
  async (args) => {
    const view = (text: string) => `def text(): return ${text}\n`
    const server = await withConf('reload = True\n', {
      args,
      appArgument: 'site_app:app',
      files: {
        'site_app.py':
          'import views\ndef app(environ, start_response):\n    start_response("200 OK", [])\n    return [views.text().encode()]\n',
        'views.py': view("'one'"),
      },
    })
    expect(await server.get()).toBe('one')
    server.write('views.py', view("'two'"))
    await eventually(async () => (await server.get()) === 'two', { within: 5000, what: () => server.log() })
    server.write('views.py', 'def text(:\n')
    await server.logged(/SyntaxError/)
    await server.logged(/generation \d+ serves on/)
    expect(await server.get()).toBe('two')
    // A module that never loaded is watched, too, and mended in the moment in which it fails.
    server.write('extra.py', 'x = (')
    server.write('views.py', 'import extra\ndef text(): return extra.x\n')
    await server.logged(/extra\.py", line 1/)
    server.write('extra.py', "x = 'three'\n")
    await eventually(async () => (await server.get()) === 'three', { within: 5000, what: () => server.log() })
    await server.assertClean({ keeps: ['hooks.log'], allows: [/./] })
  },
  60_000,
)
