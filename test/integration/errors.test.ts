/**
 * Each code of the catalogue is provoked, and what is printed is the example of docs/errors.md. Words that changed on
 * purpose: `npx vitest run test/integration/errors.test.ts -u`, then `npm run generate`.
 */
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { errorText } from '../../src/cli/exit.ts'
import { loadConfig } from '../../src/config/load.ts'
import { catalogue, type ErrorCode } from '../../src/errors.ts'
import { startStatuses } from '../../src/generate/errors-document.ts'
import { client } from '../support/client.ts'
import { type Ended, run, type StartOptions, start } from '../support/daemon.ts'
import { freePort, repository } from '../support/machine.ts'

/** Code -> what was printed; compared with the file that the document is made of when all have been seen. */
const seen: Partial<Record<ErrorCode, string>> = {}

/** Names, ports and ids that are another every time; stacks, which are another with every Node. */
const sameEverywhere = (text: string, folder: string, port: number): string =>
  text
    .replaceAll(folder, '/srv/shop')
    .replaceAll(repository, '/srv/tsgunicorn/')
    .replaceAll(String(port), '8000')
    .replaceAll(/\b(pid:|PID |process )\d+/g, '$14242')
    .replaceAll(/\.\d+\.tmp\b/g, '.4242.tmp')
    .replaceAll(/-\d+-\d{8}T\d+Z\b/g, '-4242-20260101T120000000Z')
    .replaceAll(/Process \d+ \(.*?\) listens/g, 'Process 4242 (nginx) listens')
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')

/** `[date] [pid] [LEVEL] ` before a line of the log. */
const stamp = /^\[[^\]]*\] \[\d+\] \[[A-Z]+\] /

/** The part of what was printed that has the code: an `Error: ` with all below it, or one record of the log. */
const partWith = (code: ErrorCode, text: string): string => {
  const plain = text.trim()
  if (plain.startsWith('Error: ') || plain.includes('\nError: ')) return plain.slice(plain.indexOf('Error: '))
  const lines = plain.split('\n')
  const from = lines.findIndex((line) => line.includes(`[${code}]`))
  if (from < 0) return `no line has ${code}:\n${text}`
  const rest = lines.slice(from + 1)
  const length = rest.findIndex((line) => stamp.test(line))
  const own = [lines[from] ?? '', ...rest.slice(0, length < 0 ? undefined : length)]
  return own.join('\n').replace(stamp, '').trimEnd()
}

const shownBy = ({ stderr, daemon }: Pick<Ended, 'stderr' | 'daemon'>, code: ErrorCode): string =>
  partWith(code, sameEverywhere(stderr, daemon.folder, daemon.port))

/** A start that fails with the code, and ends with the catalogue's exit status. */
const failing: ReadonlyArray<{ code: ErrorCode; start: StartOptions }> = [
  { code: 'TSG_USAGE', start: { args: ['--wokers', '2'] } },
  { code: 'TSG_CONFIG_NOT_FOUND', start: { args: ['-c', 'nowhere.conf.ts'] } },
  { code: 'TSG_CONFIG_SYNTAX', start: { config: 'export default {\n  workers: 2,\n  timeout: ]\n}\n' } },
  { code: 'TSG_CONFIG_THREW', start: { config: "throw new Error('no database today')\n" } },
  { code: 'TSG_CONFIG_SHAPE', start: { config: 'export default 42\n' } },
  { code: 'TSG_SETTING_UNKNOWN', start: { config: { worker: 4 } } },
  { code: 'TSG_SETTING_INVALID', start: { config: { timeout: 'soon' } } },
  { code: 'TSG_SETTING_LATER', start: { config: { http_protocols: 'h2' } } },
  { code: 'TSG_ENVIRONMENT', start: { env: { WEB_CONCURRENCY: 'many' } } },
  { code: 'TSG_ADDRESS_INVALID', start: { bind: ['127.0.0.1:eighty'] } },
  { code: 'TSG_ADDRESS_REFUSED', start: { bind: ['unix:nowhere/http.sock'] } },
  { code: 'TSG_PIDFILE_UNWRITABLE', start: { args: ['-p', 'nowhere/server.pid'] } },
  { code: 'TSG_PRIVILEGES', start: { args: ['-u', 'nobody-of-that-name'] } },
  { code: 'TSG_CHDIR', start: { args: ['--chdir', 'nowhere'] } },
  { code: 'TSG_LOG_UNWRITABLE', start: { args: ['--error-logfile', 'nowhere/error.log'] } },
  {
    code: 'TSG_HOOK_FAILED',
    start: { config: "export default { ssl_context() { throw new Error('the vault is sealed') } }\n" },
  },
  { code: 'TSG_WORKER_BOOT', start: { app: 'process.exit(7)\n', args: ['--preload'] } },
  { code: 'TSG_APP_NOT_FOUND', start: { appArgument: 'ap.mjs' } },
  { code: 'TSG_APP_THREW', start: { app: "throw new Error('no database today')\n" } },
  { code: 'TSG_APP_NO_LISTEN', start: { app: "console.log('done')\n" } },
  { code: 'TSG_APP_ATTRIBUTE', start: { appArgument: 'app.mjs:aplication' } },
  { code: 'TSG_APP_SHAPE', start: { app: 'export const answer = 42\n' } },
  { code: 'TSG_CONFIG_APP', start: { args: ['--check-config'], app: 'export const answer = 42\n' } },
  { code: 'TSG_NO_APP', start: { appArgument: '' } },
  {
    code: 'TSG_PYTHON',
    start: {
      args: ['--python', 'venv/bin/python3'],
      appArgument: 'shop.wsgi',
      files: { 'shop/wsgi.py': '' },
    },
  },
  { code: 'TSG_TLS', start: { args: ['--certfile', 'nowhere.pem', '--keyfile', 'nowhere.key'] } },
]

describe('what a start prints when it fails is the example of its code', () => {
  test.each(failing)('$code', async ({ code, start: options }) => {
    const { exit } = catalogue[code]
    const ended = await run({ workers: 1, ...options })
    const shown = shownBy(ended, code)
    expect(shown).toContain(`[${code}]`)
    expect(ended.code).toBe(exit)
    seen[code] = shown
    await ended.daemon.assertClean({ code: exit, allows: [/./] })
  })

  test('TSG_ADDRESS_IN_USE', async () => {
    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    try {
      const { code, stderr, daemon } = await run({ bind: [`127.0.0.1:${port}`] })
      expect(code).toBe(1)
      const words = sameEverywhere(stderr.replaceAll(String(port), '8000'), daemon.folder, daemon.port)
      seen.TSG_ADDRESS_IN_USE = partWith('TSG_ADDRESS_IN_USE', words)
      await daemon.assertClean({ code: 1, allows: [/./] })
    } finally {
      other.close()
    }
  })
})

test('what a server that runs refuses has the examples of its codes', async () => {
  const server = await start({ workers: 1, args: ['-p', 'server.pid'] })
  const second = await run({ args: ['-p', server.path('server.pid')] })
  seen.TSG_PIDFILE_OWNED = shownBy(second, 'TSG_PIDFILE_OWNED').replaceAll(server.folder, '/srv/shop')
  await second.daemon.assertClean({ code: 1, allows: [/./] })

  const pid = String(server.workerPids()[0])
  const env = { TMPDIR: server.path('tmp'), XDG_RUNTIME_DIR: server.path('tmp') }
  const ask = (...args: readonly string[]) =>
    client(['--pid', server.path('server.pid'), ...args], { cwd: server.folder, env })
  const refused = [
    ['TSG_WORKER_UNKNOWN', await ask('stack', '999999')],
    ['TSG_PROFILE', await ask('profile', 'cpu', pid, '--seconds', '0.1', '--output', 'nowhere')],
  ] as const
  for (const [code, { err }] of refused) {
    expect(err).toContain(`[${code}]`)
    seen[code] = sameEverywhere(err.trim(), server.folder, server.port).replaceAll('999999', '4242')
  }
  await server.assertClean()
})

test('what this platform cannot do is told with its code', async () => {
  const platform = { os: 'linux', node: '20.19.0' } as const
  const request = { directory: repository, env: {}, commandLine: { reuse_port: true }, commandVariable: {} }
  const loading = loadConfig({ ...request, app: 'app.mjs', needsApp: true, platform })
  seen.TSG_PLATFORM = await loading.then(
    () => 'nothing was refused',
    (error) => errorText(error).trim(),
  )
  expect(seen.TSG_PLATFORM).toContain('[TSG_PLATFORM]')
})

test('every code was provoked, and the document shows what was printed', async () => {
  const codes = Object.keys(catalogue) as ErrorCode[]
  expect(codes.filter((code) => seen[code] === undefined)).toEqual([])
  const inOrder = Object.fromEntries(codes.map((code) => [code, seen[code]]))
  await expect(`${JSON.stringify(inOrder, null, 2)}\n`).toMatchFileSnapshot(
    '../../src/generate/error-examples.json',
  )
})

test('the exit statuses of the document are those of the catalogue, and 0', () => {
  const statuses = new Set([0, ...Object.values(catalogue).map(({ exit }) => exit)])
  expect(startStatuses.map(([status]) => status)).toEqual([...statuses].sort())
})
