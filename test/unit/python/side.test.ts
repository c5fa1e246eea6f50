import { writeFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { type HookPayload, loadPythonConfig, type PythonConfig } from '../../../src/python/load-config.ts'
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

const load = async (source: string) => {
  const file = folder.write('gunicorn.conf.py', source)
  const config = await loadPythonConfig({
    file,
    directory: folder.path,
    env: process.env,
    python: realPython,
  })
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
  const config = await loadPythonConfig({
    module: 'pkg.conf',
    directory: folder.path,
    env: process.env,
    python: realPython,
  })
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
  await expect(load(source)).rejects.toMatchObject({
    name: 'PythonFault',
    message: expect.stringContaining(message),
    line,
    traceback: expect.stringContaining('gunicorn.conf.py", line'),
  })
})

test('a hook that throws is told of, and the next one runs', async () => {
  const config = await load(
    'def on_exit(server): raise KeyError("k")\ndef pre_exec(server): server.log.info("on")',
  )
  await expect(call(config, 'on_exit')).rejects.toMatchObject({ message: "KeyError: 'k'", line: 1 })
  await call(config, 'pre_exec')
  expect(logged).toEqual(['info: on'])
})

test('a process that dies is one failure: the next call has a new one, with the text that was in force', async () => {
  const config = await load(`import os
word = "old"
def pre_fork(server): os._exit(9)
def on_exit(server): server.log.info(word)
`)
  writeFileSync(folder.at('gunicorn.conf.py'), 'word = "new"\ndef on_exit(server): server.log.info(word)\n')
  await expect(call(config, 'pre_fork')).rejects.toThrow('it ended by itself (status 9)')
  await Promise.all([call(config, 'on_exit'), call(config, 'on_exit')])
  expect(logged).toEqual(['info: old', 'info: old'])
})

test('a hook beyond its limit ends the process, and not the hooks after it', async () => {
  const config = await load(
    'import time\ndef pre_fork(server): time.sleep(60)\ndef on_exit(server): server.log.info("out")',
  )
  await expect(call(config, 'pre_fork', {}, 50)).rejects.toThrow('it did not answer within 0.05 s')
  await call(config, 'on_exit')
  expect(logged).toEqual(['info: out'])
})

test('a closed configuration has no process, also when a late hook needed one', async () => {
  const config = await load('import os\ndef child_exit(server): server.log.info(str(os.getpid()))')
  await call(config, 'child_exit')
  config.close()
  await call(config, 'child_exit')
  const pids = logged.map((line) => Number(line.replace('info: ', '')))
  expect(new Set(pids).size).toBe(2)
  await eventually(() => pids.every((pid) => !lives(pid)))
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
  await expect(loadPythonConfig({ file: folder.write('c.py'), ...request })).rejects.toThrow(
    /it cannot be started: .*ENOENT/,
  )
})
