/** gunicorn.conf.py, read by a stand-in of the Python side. */
import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hookWarnings } from '../../../src/config/hook-warnings.ts'
import type { ConfigRequest, LoadedConfig } from '../../../src/config/load.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { isPythonHook } from '../../../src/config/python-hooks.ts'
import { brokenRules } from '../../../src/config/rules.ts'
import { workerClassFault } from '../../../src/config/worker-class.ts'
import { realPython } from '../python/folder.ts'
import { useProject } from './project.ts'

vi.mock('../../../src/python/package.ts', async () => ({
  pythonPackage: (await import('../python/folder.ts')).sidePackage,
}))

const project = useProject()
const open: LoadedConfig[] = []
afterEach(() => {
  for (const config of open.splice(0)) config.close?.()
})

/** With the server's own table. */
const load = async (source: string, request: Partial<ConfigRequest> = {}) => {
  project.write({ 'gunicorn.conf.py': source })
  const loaded = await loadConfig({
    directory: project.directory,
    env: process.env,
    commandLine: { python: realPython, ...request.commandLine },
    commandVariable: {},
    needsApp: false,
    ...(request.app === undefined ? {} : { app: request.app }),
  })
  open.push(loaded)
  return loaded
}
const fault = (source: string, request: Partial<ConfigRequest> = {}) =>
  load(source, request).then(
    () => expect.unreachable('it was loaded'),
    (error: unknown) => error,
  )

describe('values', () => {
  test('are computed by Python, and each has its line for an origin', async () => {
    const { config, origins, file, files, warnings, close, python } = await load(`import os
cores = 2
workers = cores * 2 + 1
bind = "127.0.0.1:%d" % 9001
forwarded_allow_ips = "10.0.0.0/8,127.0.0.1"
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
`)
    expect(config).toMatchObject({
      workers: 5,
      bind: ['127.0.0.1:9001'],
      forwarded_allow_ips: ['10.0.0.0/8', '127.0.0.1'],
      secure_scheme_headers: { 'X-FORWARDED-PROTO': 'https' },
    })
    expect(origins['workers']).toEqual({ kind: 'file', file: project.path('gunicorn.conf.py'), line: 3 })
    expect([file, ...files]).toEqual(Array(2).fill(project.path('gunicorn.conf.py')))
    expect([warnings, close, python]).toEqual([[], undefined, undefined])
  })

  test('are what Gunicorn makes of None, truth values, text and tuples', async () => {
    const { config, origins } = await load(`
certfile = None
sendfile = None
loglevel = "INFO"
raw_env = ("A=1", "B=2")
timeout = True
workers = "0x3"
proxy_protocol = True
ssl_version = 2
umask = 0o22
accesslog = None
reload = "true"
`)
    expect(config).toMatchObject({
      sendfile: true,
      loglevel: 'info',
      raw_env: ['A=1', 'B=2'],
      timeout: 1,
      workers: 3,
      proxy_protocol: 'auto',
      ssl_version: '2',
      umask: 0o22,
      reload: true,
    })
    expect(config.certfile).toBeUndefined()
    expect(origins['sendfile']).toEqual({ kind: 'default' })
  })

  test('that are not allowed are all told of, with their lines', async () => {
    expect(await fault('workers = -1\nif True:\n    timeout = None\nloglevel = "loud"\n')).toMatchObject({
      code: 'TSG_SETTING_INVALID',
      message: expect.stringMatching(
        /gunicorn\.conf\.py:1: workers = -1 [\s\S]*py:3: timeout = None [\s\S]*py:4: loglevel = 'loud'/u,
      ),
    })
  })

  test('the command line is above them, and chdir is entered', async () => {
    project.write({ 'inner/x': '' })
    const { config } = await load('workers = 3\nchdir = "inner"', { commandLine: { workers: 7 } })
    expect([config.workers, process.cwd()]).toEqual([7, project.path('inner')])
  })

  test.each([
    ['import sys\nerrorlog = sys', 'errorlog is a Python module'],
    ['def workers(): pass', 'workers is a Python function. It can be numbers'],
    [
      'import sys\nlogconfig_dict = {"stream": sys.stdout}',
      "logconfig_dict is a Python object of class 'builtins.dict'. It travels",
    ],
    ['def ssl_context(config, factory): pass', 'TLS is spoken by Node here'],
    ['spew = True', 'it comes with the tracing of Python'],
    ['paste = "development.ini"', 'it comes with PasteDeploy'],
    ['def on_dirty_starting(arbiter): pass', 'it comes with dirty arbiters'],
  ])('%j is refused', async (source, words) => {
    expect(await fault(source)).toMatchObject({ message: expect.stringContaining(words) })
  })

  test('names that are no settings are left alone; one that is nearly a setting is told of', async () => {
    const { warnings } = await load(
      'import os\ntimout = 5\nworker = 2\ncores = 1\nTIMEOUT = 3\ndef workes(): pass\nclass bin: pass\n',
    )
    expect(warnings).toEqual([
      "gunicorn.conf.py:2: 'timout' is no setting and is ignored. Did you mean 'timeout'?",
      "gunicorn.conf.py:3: 'worker' is no setting and is ignored. Did you mean 'workers'?",
    ])
  })

  test('classes are named', async () => {
    const { config, warnings } = await load(
      'class Log: pass\nclass logger_class(Log): pass\nworker_class = "gthread"',
    )
    expect(config.logger_class).toBe('logger_class')
    expect(warnings).toEqual([expect.stringContaining('logger_class has no meaning here')])
  })
})

describe('finding', () => {
  test('-c takes a path, file:PATH and python:MODULE', async () => {
    project.write({ 'pkg/__init__.py': '', 'pkg/conf.py': 'workers = 6' })
    for (const config of ['pkg/conf.py', 'file:pkg/conf.py', 'python:pkg.conf']) {
      const loaded = await load('workers = 1', { commandLine: { config } })
      expect([loaded.config.workers, loaded.file]).toEqual([6, project.path('pkg/conf.py')])
    }
  })

  test('without an interpreter it is an error that says how to name one', async () => {
    expect(await fault('workers = 1', { commandLine: { python: 'python9' } })).toMatchObject({
      code: 'TSG_PYTHON',
    })
  })

  test.each([
    ['workers = cores\n', 'TSG_CONFIG_THREW', "gunicorn.conf.py:1: NameError: name 'cores' is not defined."],
    ['x = 1\nworkers = (\n', 'TSG_CONFIG_SYNTAX', 'gunicorn.conf.py:2: SyntaxError: '],
    ['import os\nos._exit(4)\n', 'TSG_CONFIG_THREW', 'reads it failed: it ended by itself (status 4)'],
  ])('%j: the words are those of Python', async (source, code, words) => {
    expect(await fault(source)).toMatchObject({ code, message: expect.stringContaining(words) })
    if (!source.includes('_exit'))
      expect(await fault(source)).toMatchObject({
        detail: expect.stringContaining('gunicorn.conf.py", line'),
      })
  })
})

describe('hooks', () => {
  const said: string[] = []
  afterEach(() => void said.splice(0))
  const log = Object.fromEntries(
    ['critical', 'error', 'warning', 'info', 'debug'].map((level) => [
      level,
      (message: string) => said.push(`${level}: ${message}`),
    ]),
  )
  const call = async (loaded: LoadedConfig, name: string, ...rest: unknown[]) => {
    const hook = Reflect.get(loaded.config, name)
    const server = {
      pid: 5,
      log,
      cfg: loaded.config,
      proc_name: 'x',
      num_workers: 2,
      address: [],
      WORKERS: new Map(),
    }
    await hook(server, ...rest)
  }

  test("of the master run in Python, with the master's facts, and log by its log", async () => {
    const loaded = await load(`
workers = 2
def pre_fork(server, worker):
    server.log.info("%s forks %s of %s" % (server.pid, worker.age, server.cfg.workers))
def nworkers_changed(server, new, old):
    server.log.warning("%s to %s" % (old, new))
`)
    const worker = { age: 3, pid: '[booting]', cfg: loaded.config, log }
    await call(loaded, 'pre_fork', worker)
    await call(loaded, 'nworkers_changed', 2, undefined)
    expect(said).toEqual(['info: 5 forks 3 of 2', 'warning: None to 2'])
  })

  test('that throw reject with the words and the traceback of Python', async () => {
    const loaded = await load('def on_exit(server):\n    raise ValueError("no")')
    await expect(call(loaded, 'on_exit')).rejects.toMatchObject({
      message: 'ValueError: no',
      stack: expect.stringMatching(/^Traceback[\s\S]*line 2, in on_exit/u),
    })
  })

  test('of a worker go along as text, and have no process in a JavaScript application', async () => {
    const source = 'def post_fork(server, worker): pass\ndef pre_request(worker, req): pass\n'
    const loaded = await load(source)
    expect(loaded.python).toEqual({ file: project.path('gunicorn.conf.py'), source })
    expect([loaded.close, loaded.transfer.code]).toEqual([undefined, undefined])
    expect(isPythonHook(loaded.config.post_fork)).toBe(true)
    expect(hookWarnings(loaded.config, 'python')).toEqual([])
    expect(hookWarnings(loaded.config, 'javascript')).toEqual([
      expect.stringMatching(/^post_fork, pre_request: these hooks are never called\..*they are Python/u),
    ])
  })

  test('of JavaScript have no process in a Python application, but for those of the master', () => {
    const config = {
      pre_fork: () => undefined,
      worker_exit: () => undefined,
    } as unknown as LoadedConfig['config']
    expect(hookWarnings(config, 'javascript')).toEqual([])
    expect(hookWarnings(config, 'python')).toEqual([
      expect.stringMatching(
        /^worker_exit: this hook is never called\..*they are JavaScript.*gunicorn\.conf\.py\.$/u,
      ),
    ])
  })

  test('a reload reads the file anew; what was loaded before stays as it was', async () => {
    const text = (word: string) => `def on_exit(server): server.log.info("${word}")`
    const before = await load(text('old'))
    writeFileSync(project.path('gunicorn.conf.py'), text('new'))
    const after = await load(text('new'))
    await call(before, 'on_exit')
    await call(after, 'on_exit')
    expect(said).toEqual(['info: old', 'info: new'])
  })
})

describe('worker_class', () => {
  test.each(['sync', 'gthread', 'GTHREAD', 'gunicorn.workers.gthread.ThreadWorker'])(
    '%s is there',
    (value) => {
      expect(workerClassFault(value)).toBeUndefined()
    },
  )

  test.each([
    ['gevent', 'gthread'],
    ['eventlet', 'gthread'],
    ['gunicorn.workers.ggevent.GeventWorker', 'gthread'],
    ['tornado', 'gthread'],
    ['egg:meinheld#gunicorn_worker', 'no longer maintained'],
    ['uvicorn.workers.UvicornWorker', 'ASGI'],
    ['asgi', 'ASGI'],
    ['my.own.Worker', 'cannot be brought along'],
  ])('%s is refused with what to use', (value, words) => {
    expect(workerClassFault(value)).toMatch(
      new RegExp(`^worker_class = '.*' is not allowed\\..*${words}`, 'u'),
    )
  })

  test('is a rule for applications that are said to be WSGI', () => {
    const platform = { os: 'linux', node: '22.12.0' }
    const broken = (values: object) => brokenRules({ worker_class: 'gevent', ...values }, platform)
    expect(broken({ app_type: 'wsgi' })).toMatchObject([{ name: 'worker_class', as: 'TSG_SETTING_INVALID' }])
    expect(broken({ app_type: 'auto' })).toEqual([])
  })
})
