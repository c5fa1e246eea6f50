import { writeFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { type HookPayload, loadPythonConfig, type PythonConfig } from '../../../src/python/load-config.ts'
import { Lodging } from '../../../src/python/lodging.ts'
import { PythonFault } from '../../../src/python/side.ts'
import { eventually } from '../../support/eventually.ts'
import { realPython, useFolder } from './folder.ts'

vi.mock('../../../src/python/package.ts', async () => ({
  pythonPackage: (await import('./folder.ts')).sidePackage,
}))

const folder = useFolder()
const open: PythonConfig[] = []
afterEach(() => {
  for (const config of open.splice(0)) config.close()
})

const load = async (source: string, lodging = new Lodging()) => {
  const file = folder.write('gunicorn.conf.py', source)
  const place = { directory: folder.path, env: process.env, python: realPython }
  const config = await loadPythonConfig({ file, ...place }, lodging)
  open.push(config)
  return config
}

const logged: string[] = []
afterEach(() => void logged.splice(0))
const call = (config: PythonConfig, name: string, payload: Partial<HookPayload> = {}, limitMs = 10_000) =>
  config.call(name, { server: { pid: 7 }, ...payload }, limitMs, (level, message) =>
    logged.push(`${level}: ${message}`),
  )

test('a configuration is read: values, hooks, objects, text and files', async () => {
  const source =
    'import os\nworkers = 2 * 2\nclass Own: pass\ndef pre_fork(server, worker): pass\n_mine = 1\n'
  const { values, hooks, objects, ...rest } = await load(source)
  expect(values).toEqual({ workers: 4 })
  expect(hooks).toEqual(['pre_fork'])
  expect(objects).toEqual({ os: "module 'os'", Own: "class '__config__.Own'" })
  expect(rest).toMatchObject({
    source,
    file: folder.at('gunicorn.conf.py'),
    files: [folder.at('gunicorn.conf.py')],
  })
})

test('a module is read in the place of a file', async () => {
  folder.write('pkg/__init__.py')
  folder.write('pkg/conf.py', 'workers = 3')
  const place = { directory: folder.path, env: process.env, python: realPython }
  const config = await loadPythonConfig({ module: 'pkg.conf', ...place }, new Lodging())
  config.close()
  expect(config).toMatchObject({ values: { workers: 3 }, file: folder.at('pkg/conf.py') })
})

test('a hook has its facts, logs, and remembers what ones before it did', async () => {
  const config = await load(`seen = []
def pre_fork(server, worker):
    seen.append(worker.age)
    server.log.info("%d forks %s" % (server.pid, seen))
def nworkers_changed(server, new, old):
    server.log.warning("%s -> %s" % (old, new))
`)
  await call(config, 'pre_fork', { worker: { age: 1 } })
  await call(config, 'pre_fork', { worker: { age: 2 } })
  await call(config, 'nworkers_changed', { args: [3, null] })
  expect(logged).toEqual(['info: 7 forks [1]', 'info: 7 forks [1, 2]', 'warning: None -> 3'])
})

test.each([
  ['x = 1\nworkers = y', "NameError: name 'y' is not defined", 2],
  ['x = 1\nworkers = (', 'SyntaxError: ', 2],
  ['import sys\n\nsys.exit(3)', 'SystemExit', 3],
])('%j fails with the words of Python, and the line', async (source, message, line) => {
  const fault = await load(source).catch((thrown: unknown) => thrown)
  if (!(fault instanceof PythonFault)) throw new Error(`${fault} is no fault of Python`)
  expect(fault.message).toContain(message)
  expect(fault.line).toBe(line)
  expect(fault.traceback).toContain('gunicorn.conf.py", line')
  expect(fault.stack).toBe(fault.traceback)
})

test('a hook that throws is told of, and the next one runs', async () => {
  const config = await load(
    'def on_exit(server): raise KeyError("k")\ndef pre_exec(server): server.log.info("on")',
  )
  await expect(call(config, 'on_exit')).rejects.toThrow("KeyError: 'k'")
  await call(config, 'pre_exec')
  expect(logged).toEqual(['info: on'])
})

test('a process that dies is one failure: the next call has a new one, with the text that was in force', async () => {
  const config = await load(`import os
word = "old"
def pre_exec(server): os._exit(9)
def on_exit(server): server.log.info(word)
`)
  writeFileSync(folder.at('gunicorn.conf.py'), 'word = "new"\ndef on_exit(server): server.log.info(word)\n')
  await expect(call(config, 'pre_exec')).rejects.toThrow('it ended by itself (status 9)')
  await Promise.all([call(config, 'on_exit'), call(config, 'on_exit')])
  expect(logged).toEqual(['info: old', 'info: old'])
})

test('a hook beyond its limit ends the process, and not the hooks after it', async () => {
  const config = await load(
    'import time\ndef pre_exec(server): time.sleep(60)\ndef on_exit(server): server.log.info("out")',
  )
  await expect(call(config, 'pre_exec', {}, 50)).rejects.toThrow('it did not answer within 0.05 s')
  await call(config, 'on_exit')
  expect(logged).toEqual(['info: out'])
})

test('a closed configuration has no process, also when a late hook needed one', async () => {
  const config = await load('import os\ndef on_exit(server): server.log.info(str(os.getpid()))')
  await call(config, 'on_exit')
  config.close()
  await call(config, 'on_exit')
  const pids = logged.map((line) => Number(line.replace('info: ', '')))
  expect(new Set(pids).size).toBe(2)
  await eventually(() => pids.every((pid) => !lives(pid)))
})

test('the next configuration is read by the same process: threads and what hooks keep live on', async () => {
  const lodging = new Lodging()
  const first = await load(
    `import os, threading
def when_ready(server):
    server.stop = threading.Event()
    threading.Thread(target=server.stop.wait, name='mine').start()
`,
    lodging,
  )
  await call(first, 'when_ready')
  const second = await load(
    `import threading
def on_reload(server): server.log.info('%s %s' % ('mine' in [t.name for t in threading.enumerate()], server.stop.is_set()))
def on_exit(server): server.stop.set()
`,
    lodging,
  )
  first.close()
  await call(second, 'on_reload')
  await call(second, 'on_exit')
  expect(logged).toEqual(['info: True False'])
})

test('a configuration that cannot be read leaves the one before its hooks, with its own text', async () => {
  const lodging = new Lodging()
  const first = await load('word = "old"\ndef on_exit(server): server.log.info(word)', lodging)
  await expect(load('word = "new"\n1 / 0', lodging)).rejects.toThrow('ZeroDivisionError')
  await call(first, 'on_exit')
  expect(logged).toEqual(['info: old'])
})

test('when the process dies that two configurations share, they share the next one', async () => {
  const lodging = new Lodging()
  const pid = 'import os\ndef on_exit(server): server.log.info(str(os.getpid()))\n'
  const first = await load(`${pid}def pre_exec(server): os._exit(1)`, lodging)
  const second = await load(pid, lodging)
  await expect(call(first, 'pre_exec')).rejects.toThrow('it ended by itself (status 1)')
  await Promise.all([call(first, 'on_exit'), call(second, 'on_exit')])
  expect(new Set(logged).size).toBe(1)
})

test('what a worker would inherit by fork is told: environment, path, plain attributes', async () => {
  const config = await load(`import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'
os.environ.pop('HOME', None)
sys.path.insert(0, '/srv/lib')
sys.path.append('/srv/last')
def pre_fork(server, worker):
    server._ids = {worker.age}
    worker._id = worker.age * 10
    worker.lock = object()
    os.environ['LAST'] = str(worker.age)
def child_exit(server, worker): pass
`)
  const settings = { DJANGO_SETTINGS_MODULE: 'mysite.settings', HOME: null }
  const paths = { first: ['/srv/lib'], last: ['/srv/last'] }
  expect(config.inherited(1)).toEqual({ env: settings, ...paths, server: {}, worker: {} })
  await call(config, 'pre_fork', { worker: { age: 1 } })
  await call(config, 'pre_fork', { worker: { age: 2 } })
  expect(config.inherited(1)).toMatchObject({
    env: { LAST: '2' },
    server: { _ids: [2] },
    worker: { _id: 10 },
  })
  expect(config.inherited(2).worker).toEqual({ _id: 20 })
  await call(config, 'child_exit', { worker: { age: 1 } })
  expect(config.inherited(1).worker).toEqual({})
})

test('a hook may be named by a text; one that cannot be called is a fault with its reason', async () => {
  folder.write('mine.py', 'def fork(server, worker): server.log.info("from mine")')
  const { hooks, faults, ...config } = await load(`pre_fork = 'mine.fork'
post_fork = 'mine.gone'
on_exit = 'nothing.here'
when_ready = 5
def worker_int(): pass
post_request = lambda worker, req: None
on_reload = None
`)
  expect(hooks).toEqual(['pre_fork', 'post_request'])
  expect(faults).toMatchObject({
    post_fork: expect.stringMatching(/AttributeError: .*gone/),
    on_exit: expect.stringContaining("No module named 'nothing'"),
    when_ready: '5 can not be called',
    worker_int: 'it is called with (worker), and takes ()',
  })
  expect(config.values).toMatchObject({ on_reload: null })
  await config.call('pre_fork', { server: {}, worker: { age: 1 } }, 0, (level, words) =>
    logged.push(`${level}: ${words}`),
  )
  expect(logged).toEqual(['info: from mine'])
})

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('an interpreter that cannot be started is a fault with its name', async () => {
  const request = { directory: folder.path, env: process.env, python: folder.at('gone') }
  await expect(loadPythonConfig({ file: folder.write('c.py'), ...request }, new Lodging())).rejects.toThrow(
    /it cannot be started: .*ENOENT/,
  )
})
