import { describe, expect, test } from 'vitest'
import { useProject } from './project.ts'

const project = useProject()
const faultOf = (name: string, text: string) => {
  project.write({ [name]: text })
  return project.fault()
}

describe('a wrong value', () => {
  test.each([
    ['gunicorn.conf.ts', 'export default {\n  timeout: 3,\n  workers: -1,\n}', 3],
    ['gunicorn.conf.ts', "export const timeout = 3\nexport const workers = 'x'", 2],
    ['gunicorn.conf.cjs', 'exports.timeout = 3\nexports.workers = 1.5', 2],
    ['gunicorn.conf.json', '{\n  "workers": {} }', 2],
    ['gunicorn.conf.yaml', '# workers\ntimeout: 3\nworkers: [1]', 3],
  ])('names file, line, setting, value and what is allowed: %s', async (name, text, line) => {
    const { code, message } = await faultOf(name, text)
    expect(code).toBe('TSG_SETTING_INVALID')
    expect(message).toMatch(
      new RegExp(`^${name}:${line}: workers = .+ is not allowed\\. Allowed: .*0 or more`),
    )
  })

  test('is shown shortly', async () => {
    const { message } = await faultOf('gunicorn.conf.ts', "export default { workers: 'x'.repeat(1000) }")
    expect(message.length).toBeLessThan(200)
  })

  test('of a hook: no function, or one that wants more than it is given', async () => {
    expect((await faultOf('gunicorn.conf.ts', 'export const pre_fork = 1')).message).toContain('pre_fork = 1')
    const { message } = await faultOf('gunicorn.conf.ts', 'export function pre_fork(a, b, c) {}')
    expect(message).toContain('a function of (server, worker)')
  })

  test('is told with all others', async () => {
    const { code, message } = await faultOf(
      'gunicorn.conf.yaml',
      'workers: x\nspew: true\nworker: 3\nkeyfile: k\ntimeout: 1',
    )
    expect(code).toBe('TSG_SETTING_INVALID')
    expect(message).toMatch(/^4 settings cannot be used:\n/)
    for (const name of ['yaml:1: workers', 'yaml:2: spew', "yaml:3: 'worker'", 'yaml:4: keyfile']) {
      expect(message).toContain(name)
    }
  })
})

describe('a name that is no setting', () => {
  test.each([
    ['gunicorn.conf.ts', 'export default { worker: 4 }', 'workers'],
    ['gunicorn.conf.ts', 'export default { maxRequests: 4 }', 'max_requests'],
    ['gunicorn.conf.ts', 'export default () => ({ "max-requests": 4 })', 'max_requests'],
    ['gunicorn.conf.ts', 'export const worker = 4', 'workers'],
    ['gunicorn.conf.ts', 'export const maxRequests = 4', 'max_requests'],
    ['gunicorn.conf.ts', 'export function prefork() {}', 'pre_fork'],
    ['gunicorn.conf.json', '{"timeot": 4}', 'timeout'],
    ['gunicorn.conf.yaml', 'blind: []', 'bind'],
  ])('is an error with the name that was meant: %s %s', async (name, text, meant) => {
    const { code, message } = await faultOf(name, text)
    expect(code).toBe('TSG_SETTING_UNKNOWN')
    expect(message).toMatch(new RegExp(`^${name}:1: '.+' is no setting\\. Did you mean '${meant}'\\?$`))
  })

  test('is an error in an object, near to a setting or not', async () => {
    const { code, message } = await faultOf('gunicorn.conf.ts', 'export default { HELPER: 1, toString_: 2 }')
    expect(code).toBe('TSG_SETTING_UNKNOWN')
    expect(message).toContain("'HELPER' is no setting. 'tsgunicorn --help=all' lists them.")
    expect(message).toContain("'toString_'")
  })

  test.each(['__proto__', 'constructor', 'toString'])('is an error when it is %s', async (name) => {
    expect((await faultOf('gunicorn.conf.json', `{"${name}": 1}`)).code).toBe('TSG_SETTING_UNKNOWN')
  })

  test('is a helper among named exports when it is written as one', async () => {
    project.write({
      'gunicorn.conf.ts':
        'export const WORKERS = 1, _private = 2, cpuCount = 3, Klass = 4\nexport const workers = 5\nexport * as utils_ from "./u.ts"',
      'u.ts': 'export const x = 1',
    })
    const { config, warnings } = await project.load()
    expect(config['workers']).toBe(5)
    expect(config).not.toHaveProperty('cpuCount')
    expect(warnings).toEqual([expect.stringContaining("the export 'utils_' is no setting and is ignored")])
  })
})

describe('settings together', () => {
  test('a setting of a later part is an error, wherever it is given', async () => {
    const inFile = await faultOf('gunicorn.conf.ts', 'export const spew = true')
    expect(inFile.code).toBe('TSG_SETTING_LATER')
    expect(inFile.message).toBe(
      'gunicorn.conf.ts:1: spew = true cannot be honoured yet: it comes with the WSGI bridge. Remove it.',
    )
    expect((await project.fault({ commandLine: { spew: true } })).message).toMatch(/^command line: spew/)
  })

  test('a setting of a later part may be given with its default', async () => {
    project.write({ 'gunicorn.conf.ts': 'export const spew = false' })
    expect((await project.load()).config['spew']).toBe(false)
  })

  test.each([
    ['an old Node', { os: 'linux', node: '22.11.0' }],
    ['another system', { os: 'darwin', node: '24.0.0' }],
  ])('reuse_port is refused by %s', async (_what, platform) => {
    const { code } = await project.fault({ commandLine: { reuse_port: true }, platform })
    expect(code).toBe('TSG_PLATFORM')
  })

  test.each(['22.12.0', '23.0.0', '26.1.0'])('reuse_port is taken by Node %s', async (node) => {
    const { config } = await project.load({
      commandLine: { reuse_port: true },
      platform: { os: 'linux', node },
    })
    expect(config['reuse_port']).toBe(true)
  })

  test('a key needs its certificate, and jitter something to jitter', async () => {
    expect((await project.fault({ commandLine: { keyfile: 'k' } })).message).toContain('certfile')
    const jitter = await project.load({ commandLine: { max_requests_jitter: 3 } })
    expect(jitter.warnings).toEqual(['command line: max_requests_jitter does nothing without max_requests.'])
  })

  test('undefined is not given, and null is', async () => {
    project.write({ 'gunicorn.conf.ts': 'export default { workers: undefined, keyfile: null }' })
    const { config, origins } = await project.load()
    expect(config['workers']).toBe(1)
    expect([origins['workers']?.kind, origins['keyfile']?.kind]).toEqual(['default', 'file'])
  })

  test('the result cannot be changed, neither its lists', async () => {
    project.write({ 'gunicorn.conf.ts': "export default { bind: ['a', 'b'] }" })
    const { config } = await project.load()
    expect(() => Array.isArray(config['bind']) && config['bind'].push('c')).toThrow(TypeError)
  })
})
