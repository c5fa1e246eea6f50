import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configRequest, readArguments, readCommandVariable } from '../../../src/cli/arguments.ts'
import { settingFlags } from '../../../src/cli/flags.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { ServerError } from '../../../src/errors.ts'
import { table } from '../config/table.ts'

const read = (...argv: readonly string[]) => readArguments(argv, table)
const valuesOf = async (...argv: readonly string[]) => (await read(...argv)).values

async function usageOf(...argv: readonly string[]): Promise<string> {
  const thrown: unknown = await read(...argv).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof ServerError)) throw new Error('it was understood', { cause: thrown })
  expect([thrown.code, thrown.exitStatus]).toEqual(['TSG_USAGE', 2])
  return thrown.message
}

describe('a value', () => {
  test.each([
    [['-w', '4']],
    [['-w4']],
    [['-w=4']],
    [['--workers', '4']],
    [['--workers=4']],
    [['-D', '-w', '4']],
    [['-Dw', '4']],
    [['-Dw4']],
    [['-w', '9', '--workers=4']],
  ])('is read from %j', async (argv) => {
    expect((await valuesOf(...argv))['workers']).toBe(4)
  })

  test('may be empty, hold an equals sign, or start with a dash', async () => {
    expect(await valuesOf('--log-file=', '-c=a=b', '--chdir', '-x')).toEqual({
      errorlog: '',
      config: 'a=b',
      chdir: '-x',
    })
  })

  test('of any whole number is what was written, in every form', async () => {
    const forms = [
      (n: number) => ['-w', `${n}`],
      (n: number) => [`-w${n}`],
      (n: number) => [`-w=${n}`],
      (n: number) => [`--workers=${n}`],
    ]
    await fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.constantFrom(...forms), async (n, form) => {
        expect(await valuesOf(...form(n), 'app')).toEqual({ workers: n })
      }),
      { numRuns: 60 },
    )
  })

  test('of a list is joined with the others', async () => {
    expect(await valuesOf('-b', ':1', '--bind=:2', '-b=:3')).toEqual({ bind: [':1', ':2', ':3'] })
  })

  test('of a switch is its constant', async () => {
    expect(await valuesOf('-D', '--no-sendfile')).toEqual({ daemon: true, sendfile: false })
  })

  test('is given by each name of a flag', async () => {
    expect(await valuesOf('--error-logfile', 'a')).toEqual(await valuesOf('--log-file', 'a'))
  })
})

describe('a flag whose value may be left out', () => {
  test.each([
    [['--proxy-protocol', 'v1', 'app'], 'v1'],
    [['--proxy-protocol=v2', 'app'], 'v2'],
    [['app', '--proxy-protocol'], 'auto'],
    [['--proxy-protocol', '-D', 'app'], 'auto'],
    [['--proxy-protocol', 'app'], 'auto'],
  ])('%j', async (argv, mode) => {
    const { values, app } = await read(...argv)
    expect([values['proxy_protocol'], app]).toEqual([mode, 'app'])
  })
})

describe('the application', () => {
  test.each([
    [['app:app'], []],
    [['app:app', '-w', '4', '-D'], []],
    [['-w', '4', 'app:app', '-D'], []],
    [['--', 'app:app'], []],
    [
      ['-D', '--', 'app:app', '--port', '3'],
      ['--port', '3'],
    ],
    [
      ['app:app', '-D', '--', '-w', '3'],
      ['-w', '3'],
    ],
  ])('in %j', async (argv, appArguments) => {
    expect(await read(...argv)).toMatchObject({ action: 'run', app: 'app:app', appArguments })
  })

  test('may be missing, and is one', async () => {
    expect(await read('-D')).not.toHaveProperty('app')
    expect(await usageOf('a', '-D', 'b')).toContain("'b' is one argument too many")
  })
})

describe('what is not understood', () => {
  test.each([
    [['--worker', '4'], "--worker is no flag. Did you mean '--workers'?"],
    [['--max_requests=4'], "--max_requests is no flag. Did you mean '--max-requests'?"],
    [['--elephant'], '--elephant is no flag. See'],
    [['-Z'], '-Z is no flag.'],
    [['-w'], '-w needs a value.'],
    [['--bind', '--workers', '4'], '--bind needs a value.'],
    [['-b', '-w=4'], '-b needs a value.'],
    [['-w', 'many'], "-w 'many' is not allowed. Allowed: "],
    [['--workers=-1'], "--workers '-1' is not allowed."],
    [['-D=1'], '-D takes no value.'],
    [['--proxy-protocol=v9'], "--proxy-protocol 'v9' is not allowed. Allowed: one of off, v1, v2, auto."],
    [['--help=worker'], "no setting has this name. Did you mean 'workers'?"],
    [['init', '--forc'], "init: '--forc' is not understood."],
  ])('%j', async (argv, words) => {
    expect(await usageOf(...argv)).toContain(words)
  })
})

describe('the action', () => {
  test.each([
    [[], 'run'],
    [['-h'], 'help'],
    [['app', '--help'], 'help'],
    [['--help', '--workers', '3'], 'help'],
    [['--help=all'], 'help-all'],
    [['--help', 'all'], 'help-all'],
    [['--help=max_requests'], 'help-setting'],
    [['--help=--max-requests'], 'help-setting'],
    [['-v'], 'version'],
    [['--version'], 'version'],
    [['--check-config', 'app'], 'check-config'],
    [['--print-config'], 'print-config'],
    [['--print-config', '--check-config'], 'print-config'],
    [['init'], 'init'],
    [['app', '-c', 'init'], 'run'],
  ])('%j -> %s', async (argv, action) => {
    expect((await read(...argv)).action).toBe(action)
  })

  test('help may ask for a setting by its flag', async () => {
    expect((await read('--help=log-file')).helpTopic).toBe('errorlog')
  })

  test('init takes --force', async () => {
    expect((await read('init', '--force')).force).toBe(true)
    expect((await read('init')).force).toBe(false)
  })
})

describe('GUNICORN_CMD_ARGS', () => {
  const variable = (text: string) => readCommandVariable({ GUNICORN_CMD_ARGS: text }, table)

  test('is split as a shell does, and read as the command line is', async () => {
    expect(await variable('-w=4 --chdir \'/a b\' -b :1 -b ":2"')).toEqual({
      workers: 4,
      chdir: '/a b',
      bind: [':1', ':2'],
    })
  })

  test.each(['', '  '])('that is empty gives nothing: %j', async (text) => {
    expect(await variable(text)).toEqual({})
  })

  test('may name an application, which is ignored', async () => {
    expect(await variable('-D app:app')).toEqual({ daemon: true })
  })

  test.each([
    ['--worker 4', "--worker is no flag. Did you mean '--workers'?"],
    ['-w x', "-w 'x' is not allowed"],
    ["-c 'open", 'GUNICORN_CMD_ARGS'],
    ['--help', '--help has no meaning here'],
  ])('is named when it is wrong: %s', async (text, words) => {
    await expect(variable(text)).rejects.toMatchObject({
      code: 'TSG_USAGE',
      message: expect.stringMatching(/^In the environment variable GUNICORN_CMD_ARGS: /),
    })
    await expect(variable(text)).rejects.toThrow(words)
  })

  test('stands below the command line in the request', async () => {
    const env = { GUNICORN_CMD_ARGS: '-w 3' }
    const request = await configRequest(await read('-w', '4', 'a'), { env, directory: '/srv' }, table)
    expect(request).toEqual({
      directory: '/srv',
      env,
      commandVariable: { workers: 3 },
      commandLine: { workers: 4 },
      app: 'a',
      needsApp: true,
    })
  })
})

test('no two settings of the server have the same flag, and none that of the program', () => {
  const flags = [...settingFlags(settings).map(({ flag }) => flag), '-h', '--help', '-v', '--version']
  expect(flags.filter((flag, at) => flags.indexOf(flag) !== at)).toEqual([])
})

test('every flag of the server can be given', async () => {
  for (const { flag, setting } of settingFlags(settings)) {
    if (setting.flag !== 'switch') continue
    const { values } = await readArguments([flag], settings)
    expect(Object.values(values)).toEqual([setting.constant ?? true])
  }
})
