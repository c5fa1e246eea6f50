import { expect, test } from 'vitest'
import { noPython, python, throwingApp } from '../support/apps.ts'
import { type Daemon, run, start } from '../support/daemon.ts'
import { freePort } from '../support/machine.ts'

/** What --print-config says of one setting. */
const printed = (stdout: string, name: string) => new RegExp(`^${name}\\s*[=:] *(.*)$`, 'm').exec(stdout)?.[1]

test('command line beats GUNICORN_CMD_ARGS beats file beats environment', async () => {
  const server = await start({
    config: { workers: 3, raw_env: ['FROM=file'], timeout: 33 },
    env: { WEB_CONCURRENCY: '4', GUNICORN_CMD_ARGS: '--workers 2 --env FROM=variable' },
    args: ['--workers', '1'],
  })
  await server.hasWorkers(1)
  expect(await server.get('/env?FROM')).toBe('variable')
  await server.assertClean()
})

test('WEB_CONCURRENCY and PORT are the defaults they are for Gunicorn', async () => {
  const port = await freePort()
  const server = await start({
    bind: [],
    target: { port },
    env: { PORT: String(port), WEB_CONCURRENCY: '2' },
  })
  await server.hasWorkers(2)
  await server.logged(new RegExp(`Listening at: http://0\\.0\\.0\\.0:${port}`))
  await server.assertClean()
})

test('a configuration given by name wins over the one in the folder', async () => {
  const server = await start({
    config: { workers: 3 },
    files: { 'other.json': '{ "workers": 1, "raw_env": ["FROM=other"] }' },
    args: ['-c', 'other.json'],
  })
  await server.hasWorkers(1)
  expect(await server.get('/env?FROM')).toBe('other')
  await server.assertClean()
})

test.each([
  ['gunicorn.conf.mjs', `export const workers = 2\nexport const raw_env = ['FROM=mjs']\n`, 'mjs'],
  ['gunicorn.conf.cjs', `module.exports = { workers: 2, raw_env: ['FROM=cjs'] }\n`, 'cjs'],
  ['gunicorn.conf.yaml', `workers: 2\nraw_env: [FROM=yaml]\n`, 'yaml'],
  [
    'gunicorn.conf.ts',
    `import { defineConfig } from 'tsgunicorn'\nenum N { Two = 2 }\nexport default defineConfig({ workers: N.Two, raw_env: ['FROM=ts'] })\n`,
    'ts',
  ],
  [
    'gunicorn.conf.ts',
    `export default async () => ({ workers: 2, raw_env: ['FROM=function'] })\n`,
    'function',
  ],
])('%s is found and read (%#)', async (name, text, from) => {
  const server = await start({ files: { [name]: text } })
  await server.hasWorkers(2)
  expect(await server.get('/env?FROM')).toBe(from)
  await server.assertClean()
})

test('the application may be named in the configuration', async () => {
  const server = await start({ config: { wsgi_app: 'app.mjs:default' }, appArgument: '' })
  expect(await server.get()).toBe('hello 1')
  await server.assertClean()
})

test('--print-config shows each value with its origin and starts nothing', async () => {
  const { code, stdout, daemon } = await run({
    config: { workers: 3 },
    env: { GUNICORN_CMD_ARGS: '--timeout 44' },
    args: ['--print-config', '--keep-alive', '7'],
  })
  expect(code).toBe(0)
  expect(printed(stdout, 'workers')).toMatch(/^3\b.*gunicorn\.conf\.ts/)
  expect(printed(stdout, 'timeout')).toMatch(/^44\b.*GUNICORN_CMD_ARGS/)
  expect(printed(stdout, 'keepalive')).toMatch(/^7\b.*command line/i)
  expect(printed(stdout, 'graceful_timeout')).toMatch(/^30\b.*default/)
  await daemon.assertClean()
})

test('--check-config is silent and 0 when all is well, with the application loaded', async () => {
  const { code, stderr, daemon } = await run({ config: { workers: 2 }, args: ['--check-config'] })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await daemon.assertClean()
})

test.each([
  ['a wrong setting', { config: { workers: 'x' } }, /workers/],
  ['an application that throws', { app: throwingApp }, /thrown while loading/],
  ['an application that is not there', { appArgument: 'nowhere.mjs' }, /nowhere/],
])('--check-config finds %s: exit 1', async (_name, options, words) => {
  const { code, stderr, daemon } = await run({ ...options, args: ['--check-config'] })
  expect(stderr).toMatch(words)
  expect(code).toBe(1)
  await daemon.assertClean({ code: 1, allows: [/./] })
})

const echoing = {
  'server.mjs': `import { createServer } from 'node:http'
const told = JSON.stringify(process.argv.slice(1))
createServer((_request, response) => response.end(told)).listen(3000)
`,
  'shop.py': `import json, sys
told = json.dumps(sys.argv).encode()

def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [told]
`,
}

const script = (server: Daemon) => [server.path('server.mjs')]

test.each<readonly [string, readonly string[], (server: Daemon) => readonly string[]]>([
  ['a script', ['server.mjs'], script],
  ['a script that is proven first', ['--preload', 'server.mjs'], script],
  ...(noPython
    ? []
    : ([
        ['a Python application', ['--python', python, 'shop:app'], () => ['tsgunicorn', 'shop:app']],
      ] as const)),
])(
  'what stands behind -- is the arguments of %s, after a reload and an upgrade, too',
  async (_what, words, programOf) => {
    const given = ['--port', '3000', '-w', 'two words']
    const server = await start({
      files: echoing,
      appArgument: '',
      args: ['-p', 'server.pid', ...words, '--', ...given],
    })
    const told = async (): Promise<unknown> => JSON.parse(await server.get())
    const expected = [...programOf(server), ...given]
    expect(await told()).toEqual(expected)
    server.signal('SIGHUP')
    await server.logged(/Reloaded: generation 2 serves/)
    expect(await told()).toEqual(expected)
    server.signal('SIGUSR2')
    await server.logged(/The new master is ready/)
    server.signal('SIGTERM', server.pid)
    await server.exited()
    await server.logged(/Master has been promoted/)
    expect(await told()).toEqual(expected)
    await server.assertClean()
  },
)

test('--check-config loads the application with its arguments', async () => {
  const { code, daemon } = await run({
    files: {
      'server.mjs': `if (process.argv[2] !== '--port') throw new Error('which port?')\n${echoing['server.mjs']}`,
    },
    appArgument: '',
    args: ['--check-config', 'server.mjs', '--', '--port'],
  })
  expect(code).toBe(0)
  await daemon.assertClean()
})
