import { expect, test } from 'vitest'
import { run, type StartOptions } from '../support/daemon.ts'

const cases: ReadonlyArray<readonly [string, StartOptions, readonly RegExp[]]> = [
  ['a typo', { config: { worker: 4 } }, [/gunicorn\.conf\.ts/, /'worker'/, /workers/]],
  ['a value of another type', { config: { timeout: 'soon' } }, [/gunicorn\.conf\.ts/, /timeout/, /soon/]],
  [
    'several mistakes, told together',
    { config: { timeout: 'soon', wrokers: 1 } },
    [/timeout/, /wrokers/, /workers/],
  ],
  [
    'a syntax error',
    { config: 'export default {\n  workers: 2,\n  timeout: ]\n}\n' },
    [/gunicorn\.conf\.ts:3/, /timeout: \]/],
  ],
  ['a throw', { config: 'throw new Error("no luck today")\n' }, [/no luck today/, /gunicorn\.conf\.ts/]],
  ['a named file that is not there', { args: ['-c', 'nowhere.conf.ts'] }, [/nowhere\.conf\.ts/]],
  [
    'a value of another type in GUNICORN_CMD_ARGS',
    { env: { GUNICORN_CMD_ARGS: '--timeout soon' } },
    [/GUNICORN_CMD_ARGS/, /soon/],
  ],
  [
    'a quote in GUNICORN_CMD_ARGS that is not closed',
    { env: { GUNICORN_CMD_ARGS: "-w '2" } },
    [/GUNICORN_CMD_ARGS/],
  ],
  ['a number that workers cannot have', { args: ['-w', '-1'] }, [/-w '-1'/]],
  ['a word that header_map does not know', { args: ['--header-map', 'bogus'] }, [/bogus/, /refuse/]],
  [
    'a package that is not installed',
    { config: "import 'not-there'\n" },
    [/gunicorn\.conf\.ts:1:8: .*not-there/],
  ],
  ['a wrong WEB_CONCURRENCY', { env: { WEB_CONCURRENCY: 'many' } }, [/WEB_CONCURRENCY/, /many/]],
  ['a bind that is no address', { bind: ['127.0.0.1:eighty'] }, [/eighty/]],
  ['a folder to change to that is not there', { args: ['--chdir', 'nowhere'] }, [/nowhere/]],
  ['a user that does not exist', { args: ['-u', 'nobody-of-that-name'] }, [/nobody-of-that-name/]],
  ['a pidfile in a missing folder', { args: ['-p', 'nowhere/server.pid'] }, [/nowhere/]],
  [
    'an error log that cannot be opened',
    { args: ['--error-logfile', 'nowhere/error.log'] },
    [/nowhere\/error\.log/],
  ],
  [
    'an access log that cannot be opened',
    { args: ['--access-logfile', 'nowhere/a.log'] },
    [/nowhere\/a\.log/],
  ],
]

test.each(cases)('%s: its exit status, in words, and nothing is left', async (name, options, words) => {
  const { code, stderr, daemon } = await run(options)
  expect(stderr).toSatisfy((text: string) => words.every((word) => word.test(text)), `all of ${words}`)
  expect(code).toBe(name === 'a value of another type in GUNICORN_CMD_ARGS' ? 2 : 1)
  expect(stderr).not.toMatch(/node:internal/)
  await daemon.assertClean({ code, allows: [/./] })
})
