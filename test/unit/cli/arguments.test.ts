import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configRequest, readArguments, readCommandVariable } from '../../../src/cli/arguments.ts'
import { flagForms, settingFlags } from '../../../src/cli/flags.ts'
import { attachValues } from '../../../src/cli/tokens.ts'
import { settings } from '../../../src/config/settings/index.ts'
import type { SettingsTable } from '../../../src/config/validate.ts'
import { ServerError } from '../../../src/errors.ts'
import { table } from '../config/table.ts'

const read = (...argv: readonly string[]) => readArguments(argv, table)
const valuesOf = async (...argv: readonly string[]) => (await read(...argv)).values

async function faultOf(argv: readonly string[], of: SettingsTable = table): Promise<ServerError> {
  const thrown: unknown = await readArguments(argv, of).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof ServerError) return thrown
  throw new Error('it was understood', { cause: thrown })
}

async function usageOf(...argv: readonly string[]): Promise<string> {
  const { code, exitStatus, message } = await faultOf(argv)
  expect([code, exitStatus]).toEqual(['TSG_USAGE', 2])
  return message
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
    [['--wokers', '4'], "--wokers is no flag. Did you mean '--workers'?"],
    [['--max_requests=4'], "--max_requests is no flag. Did you mean '--max-requests'?"],
    [['--elephant'], '--elephant is no flag. See'],
    [['-Z'], '-Z is no flag.'],
    [['-w'], '-w needs a value.'],
    [['--bind', '--workers', '4'], '--bind needs a value.'],
    [['-b', '-w=4'], '-b needs a value.'],
    [['-w', 'many'], "-w 'many' is not allowed. Allowed: "],
    [['-w', '4x'], "-w '4x' is not allowed. Allowed: "],
    [['--workers='], "--workers '' is not allowed. Allowed: "],
    [['-D=1'], '-D takes no value.'],
    [['--daemon=1'], '--daemon takes no value.'],
    [['--daem=1'], '--daemon takes no value.'],
    [['--help=worker'], "no setting has this name. Did you mean 'workers'?"],
    [['init', '--forc'], "init: '--forc' is not understood."],
  ])('%j', async (argv, words) => {
    expect(await usageOf(...argv)).toContain(words)
  })
})

describe('a value of the right type that the setting cannot have is a wrong setting', () => {
  test.each([
    [['-w', '-1'], "-w '-1' is not allowed."],
    [['--workers=-1'], "--workers '-1' is not allowed."],
    [['--timeout', '-1'], "--timeout '-1' is not allowed."],
    [['--header-map', 'bogus'], "--header-map 'bogus' is not allowed. Allowed: one of "],
    [['--proxy-protocol=v9'], "--proxy-protocol 'v9' is not allowed. Allowed: one of off, v1, v2, auto."],
    [['--forwarded-allow-ips', '10.0.0.1/8'], 'bits set beyond its prefix'],
    [['-e', 'FOO'], "-e 'FOO' is not allowed. Allowed: text of the form NAME=VALUE."],
  ])('%j', async (argv, words) => {
    const { code, exitStatus, message } = await faultOf(argv, settings)
    expect([code, exitStatus]).toEqual(['TSG_SETTING_INVALID', 1])
    expect(message).toContain(words)
  })
})

describe('a shortened flag', () => {
  const given = async (...argv: readonly string[]) => (await readArguments(argv, settings)).values

  test.each([
    [['--log-lev', 'debug'], { loglevel: 'debug' }],
    [['--log-lev=debug'], { loglevel: 'debug' }],
    [['--graceful', '5', '--daem'], { graceful_timeout: 5, daemon: true }],
    [['--workers', '2'], { workers: 2 }],
    [['--log-syslog'], { syslog: true }],
    [['--limit-request-field_', '5'], { limit_request_field_size: 5 }],
    // --error-log-format is not Gunicorn's.
    [['--error', 'e.log'], { errorlog: 'e.log' }],
  ])('is the only one that begins so: %j', async (argv, values) => {
    expect(await given(...argv)).toEqual(values)
  })

  test.each([
    [
      ['--worker', '2'],
      '--worker may mean --workers, --worker-class, --worker-connections, --worker-tmp-dir.',
    ],
    [['--max=5'], '--max may mean --max-requests, --max-requests-jitter.'],
    [['-D', '--log', 'x'], '--log may mean --log-file, --log-level'],
  ])('that may mean several names them: %j', async (argv, words) => {
    const { exitStatus, message } = await faultOf(argv, settings)
    expect(exitStatus).toBe(2)
    expect(message).toContain(words)
  })

  test('may be one of the program', async () => {
    expect((await readArguments(['--vers'], settings)).action).toBe('version')
  })

  test('is not looked for in values, nor behind --', async () => {
    expect(await given('--node-option', '--daem')).toEqual({ node_options: ['--daem'] })
    expect(await readArguments(['a', '--', '--log'], settings)).toMatchObject({ appArguments: ['--log'] })
  })

  test('is the flag it stands for, for every beginning that only one flag has', () => {
    const forms = flagForms(settings)
    const long = [...forms.keys()].filter((flag) => flag.startsWith('--'))
    const beginnings = long.flatMap((flag) =>
      Array.from({ length: flag.length - 3 }, (_, less) => ({ flag, written: flag.slice(0, 3 + less) })),
    )
    const alone = beginnings.filter(
      ({ written }) => long.filter((flag) => flag.startsWith(written)).length === 1,
    )
    expect(alone.length).toBeGreaterThan(long.length)
    for (const { flag, written } of alone) {
      const value = forms.get(flag)?.takes === 'switch' ? '' : '=x'
      expect(attachValues([written + value], forms)).toEqual([flag + value])
    }
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
    ['--wokers 4', 'TSG_USAGE', "--wokers is no flag. Did you mean '--workers'?"],
    ['-w x', 'TSG_USAGE', "-w 'x' is not allowed"],
    ['-w -1', 'TSG_SETTING_INVALID', "-w '-1' is not allowed"],
    ["-c 'open", 'TSG_ENVIRONMENT', 'GUNICORN_CMD_ARGS'],
    ['--help', 'TSG_USAGE', '--help has no meaning here'],
  ])('is named when it is wrong: %s', async (text, code, words) => {
    await expect(variable(text)).rejects.toMatchObject({
      code,
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
      appArguments: [],
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
