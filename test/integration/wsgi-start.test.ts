/** How a Python application is named and found, which interpreter runs it, and what is said when it cannot start. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sharedFolder } from '../support/shared-folder.ts'
import { json, noPython, python3, pythonLabel, startWsgi, type WsgiOptions } from '../support/wsgi.ts'

const answering = (words: string) =>
  `(lambda environ, start: start('200 OK', [('Content-Type', 'text/plain')]) and [] or [${words}])`

const shop = `
application = ${answering("b'application'")}
app = ${answering("b'app'")}
class site:
    wsgi = staticmethod(${answering("b'dotted'")})
def create_app(word='default', times=1):
    return ${answering('(word * times).encode()')}
number = 5
nothing_made = lambda: None
`

const files = {
  'shop.py': shop,
  'small.py': `app = ${answering("b'the second name'")}\n`,
  'package/__init__.py': '',
  'package/wsgi.py': `application = ${answering("b'in a package'")}\n`,
  'plain/wsgi.py': `application = ${answering("b'in a folder'")}\n`,
  'broken.py': 'import os\n\ndef deeper():\n    return 1 / 0\n\ndeeper()\n',
  'needs.py': 'import os\nimport nowhere_installed\n',
  'syntax.py': 'def application(:\n',
  'leaves.py': 'import sys\nsys.exit(0)\n',
  'empty.py': 'VALUE = 1\n',
  'asgi.py': 'async def application(scope, receive, send):\n    pass\n',
} as const

const startSmall = (options: WsgiOptions) => startWsgi({ workers: 1, files, ...options })

describe.skipIf(noPython !== undefined)(`with ${pythonLabel}`, () => {
  test.each([
    ['shop', 'application'],
    ['shop:application', 'application'],
    ['shop:app', 'app'],
    ['shop:site.wsgi', 'dotted'],
    ['shop:create_app()', 'default'],
    ["shop:create_app('hi', times=2)", 'hihi'],
    ['small', 'the second name'],
    ['package.wsgi', 'in a package'],
    ['plain.wsgi', 'in a folder'],
    ['shop.py', 'application'],
    ['./shop.py:app', 'app'],
    ['package/wsgi.py', 'in a package'],
  ])('%s is served', async (spec, body) => {
    const server = await startSmall({ appArgument: spec })
    expect(await server.get()).toBe(body)
    await server.assertClean()
  })

  const faults = [
    ['broken', 3, [/broken\.py", line 4, in deeper/, /ZeroDivisionError: division by zero/]],
    ['needs:app', 3, [/No module named 'nowhere_installed'/, /needs\.py", line 2/]],
    ['syntax', 3, [/SyntaxError/, /syntax\.py", line 1/]],
    ['leaves', 3, [/sys\.exit|SystemExit/]],
    ['shop:missing', 4, [/Failed to find attribute 'missing' in 'shop'/, /create_app/]],
    ['empty', 4, [/Failed to find attribute 'application' in 'empty'/]],
    ['shop:number', 4, [/must be callable/]],
    ['shop:create_app(oops)', 4, [/literal/]],
    ['shop:nothing_made()', 4, [/None/]],
    ['asgi', 4, [/ASGI/, /uvicorn|ASGI server/]],
  ] as const

  describe.each([
    ['sync', []],
    ['preload', ['--preload']],
  ] as const)('%s', (_mode, args) => {
    test.each(faults)('%s ends the start with %i and says why', async (spec, code, words) => {
      const server = await startSmall({ appArgument: spec, args, until: 'spawned' })
      expect(await server.exited()).toEqual({ code, signal: null })
      for (const pattern of words) expect(server.log()).toMatch(pattern)
      // The traceback is the user's: no line of the server's own modules is in it.
      expect(server.log()).not.toMatch(/File ".*tsgunicorn_wsgi/)
      await server.assertClean({ code, allows: [/./] })
    })
  })

  test('a name that nothing has is told as such', async () => {
    for (const config of [{}, { app_type: 'wsgi' }]) {
      const server = await startSmall({ appArgument: 'nowhere:app', config, until: 'spawned' })
      expect(await server.exited()).toEqual({ code: 3, signal: null })
      expect(server.log()).toMatch(/nowhere/)
      await server.assertClean({ code: 3, allows: [/./] })
    }
  })

  test('a name that both languages have is refused with both files, unless app_type says which', async () => {
    const both = { ...files, 'both.py': files['small.py'], 'both.js': 'export default () => undefined\n' }
    const server = await startSmall({ appArgument: 'both:app', files: both, until: 'spawned' })
    expect((await server.exited()).code).toBeGreaterThan(0)
    expect(server.log()).toMatch(/both\.js[\s\S]*both\.py|both\.py[\s\S]*both\.js/)
    expect(server.log()).toMatch(/app_type/)
    await server.assertClean({ code: (await server.exited()).code, allows: [/./] })
    const forced = await startSmall({ appArgument: 'both:app', files: both, config: { app_type: 'wsgi' } })
    expect(await forced.get()).toBe('the second name')
    await forced.assertClean()
  })

  test.each([
    ['gevent', /threads/],
    ['eventlet', /threads/],
    ['tornado', /gthread/],
    ['uvicorn.workers.UvicornWorker', /ASGI/],
    ['my.own.Worker', /sync/],
  ])('-k %s is refused with what to use instead', async (name, words) => {
    const server = await startSmall({ appArgument: 'shop', args: ['-k', name], until: 'spawned' })
    expect(await server.exited()).toEqual({ code: 1, signal: null })
    expect(server.log()).toContain(name)
    expect(server.log()).toMatch(words)
    await server.assertClean({ code: 1, allows: [/./] })
  })

  test.each([
    [['-k', 'sync'], false],
    [['-k', 'gthread', '--threads', '3'], true],
    [['--threads', '2'], true],
  ] as const)('%j: several requests run at a time in a worker: %s', async (args, several) => {
    const server = await startWsgi({ workers: 1, args })
    const { values } = await json<{ values: Record<string, unknown> }>(server.request('/environ'))
    expect([values['wsgi.multithread'], values['wsgi.multiprocess']]).toEqual([several, false])
    // The main thread runs the application when there is but one: libraries with signal handlers need it.
    expect(await json(server.request('/process'))).toMatchObject({ main: !several })
    await server.assertClean()
  })

  test.each(['VIRTUAL_ENV', '.venv', 'venv'])('the interpreter of %s is used, and told', async (place) => {
    const folder = join(sharedFolder(), 'environment')
    execFileSync(python3, ['-m', 'venv', '--without-pip', '--symlinks', folder])
    const server = await startWsgi({
      python: '',
      workers: 1,
      ...(place === 'VIRTUAL_ENV' ? { env: { VIRTUAL_ENV: folder } } : {}),
      ...(place === 'VIRTUAL_ENV' ? {} : { links: { [place]: folder } }),
    })
    const expected = place === 'VIRTUAL_ENV' ? join(folder, 'bin/python') : server.path(`${place}/bin/python`)
    const facts = await json<{ executable: string; version: string }>(server.request('/process'))
    expect(facts.executable).toBe(expected)
    expect(server.log()).toContain(facts.version)
    expect(server.log()).toContain(expected)
    await server.assertClean()
  })

  test('an interpreter that is not there is an error that names it', async () => {
    const server = await startSmall({ python: '/nowhere/python3', appArgument: 'shop', until: 'spawned' })
    expect(await server.exited()).toEqual({ code: 1, signal: null })
    expect(server.log()).toContain('/nowhere/python3')
    await server.assertClean({ code: 1, allows: [/./] })
  })

  test('the worker has the environment and the folders that were asked for, and nothing of ours', async () => {
    const lib = sharedFolder()
    const server = await startWsgi({
      workers: 1,
      args: ['--pythonpath', `${lib},/nowhere`, '-e', 'ONE=1', '-e', 'DJANGO_SETTINGS_MODULE=my.settings'],
    })
    const facts = await json<{
      cwd: string
      path: string[]
      stdin: string
      env: Record<string, string>
    }>(server.request('/process'))
    expect(facts).toMatchObject({
      cwd: server.folder,
      stdin: '/dev/null',
      env: {
        ONE: '1',
        DJANGO_SETTINGS_MODULE: 'my.settings',
        // What applications ask to know that they run below a Gunicorn.
        SERVER_SOFTWARE: expect.stringContaining('gunicorn/'),
      },
    })
    expect(facts.path).toEqual(expect.arrayContaining([lib, server.folder]))
    expect(facts.path.filter((entry) => /tsgunicorn/.test(entry))).toEqual([])
    expect(Object.keys(facts.env).filter((name) => /^NODE_CHANNEL/.test(name))).toEqual([])
    await server.assertClean()
  })

  test('chdir is the folder of the application', async () => {
    const server = await startSmall({ appArgument: 'wsgi', args: ['--chdir', 'plain'] })
    expect(await server.get()).toBe('in a folder')
    await server.assertClean()
  })

  test('--check-config loads the application and says what it is worth', async () => {
    for (const [spec, code] of [
      ['shop', 0],
      ['broken', 1],
    ] as const) {
      const server = await startSmall({ appArgument: spec, args: ['--check-config'], until: 'spawned' })
      expect(await server.exited()).toEqual({ code, signal: null })
      if (code === 1) expect(server.log() + server.stdout()).toMatch(/ZeroDivisionError/)
      await server.assertClean({ code, allows: [/./] })
    }
  })

  const mayChange = process.getuid?.() === 0 && existsSync('/usr/bin/python3')
  test.skipIf(!mayChange)('user: the application runs as it (needs root)', async () => {
    for (const args of [[], ['--preload'], ['--threads', '2']]) {
      const server = await startWsgi({
        workers: 1,
        python: '/usr/bin/python3',
        args: ['--user', 'nobody', ...args],
      })
      expect(await json(server.request('/process'))).toMatchObject({ uid: 65_534 })
      await server.assertClean()
    }
  })
})
