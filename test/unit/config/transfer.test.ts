import { rmSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ConfigTransfer, receiveConfig } from '../../../src/config/transfer.ts'
import { useProject } from './project.ts'

const project = useProject()
afterEach(() => vi.unstubAllEnvs())

/** As it arrives in another process. */
const sent = (transfer: ConfigTransfer): ConfigTransfer => JSON.parse(JSON.stringify(transfer))

async function received(text: string, name = 'gunicorn.conf.ts') {
  project.write({ [name]: text })
  const loaded = await project.load()
  // A worker may start long after: the file may be gone.
  rmSync(project.path(name))
  const arrived = await receiveConfig(sent(loaded.transfer))
  const config: Readonly<Record<string, unknown>> = { ...arrived }
  return { config, arrived, loaded }
}

describe('a configuration that was sent to a worker', () => {
  test('has the same settings', async () => {
    const { config, arrived, loaded } = await received('workers: 4\nbind: [a, b]', 'gunicorn.conf.yaml')
    expect(config).toEqual(loaded.config)
    expect(Object.isFrozen(arrived)).toBe(true)
  })

  test.each([
    ['named exports', 'export function pre_request() { return 42 }'],
    ['an object', 'export default { pre_request: () => 42 }'],
    ['a function', 'export default ({ env }) => ({ pre_request: () => (env.PATH ? 42 : 0) })'],
    ['top-level await', 'const n = await 42\nexport const pre_request = () => n'],
    ['both exports', 'export default { workers: 2 }\nexport const pre_request = () => 42'],
  ])('has the hooks of the worker, from %s', async (_form, text) => {
    const { config } = await received(text)
    const hook = config['pre_request']
    expect(typeof hook === 'function' && hook()).toBe(42)
  })

  test('of CommonJS has them too', async () => {
    const { config } = await received('module.exports = { pre_request: () => 42 }', 'gunicorn.conf.cjs')
    expect(config['pre_request']).toBeTypeOf('function')
  })

  test("evaluates nothing when all hooks are the master's", async () => {
    const { config, loaded } = await received(
      "if (process.env.WORKER) throw new Error('evaluated')\nexport const pre_fork = () => {}",
    )
    expect(loaded.config['pre_fork']).toBeTypeOf('function')
    expect([loaded.transfer.code, loaded.transfer.functions]).toEqual([undefined, []])
    expect(config['pre_fork']).toBeUndefined()
  })

  test('keeps values that were computed, even if computing them again gives others', async () => {
    const { config, loaded } = await received(
      'export const timeout = Math.floor(Math.random() * 1e9)\nexport const post_fork = () => {}',
    )
    expect(config['timeout']).toBe(loaded.config['timeout'])
  })

  test('tells in the lines of the source what it throws in the worker', async () => {
    project.write({
      'gunicorn.conf.ts':
        "interface A { a: 1 }\nif (process.env['WORKER'] === '1') {\n  throw new Error('not here')\n}\nexport const post_fork = () => {}",
    })
    const { transfer } = await project.load()
    vi.stubEnv('WORKER', '1')
    await expect(receiveConfig(sent(transfer))).rejects.toMatchObject({
      code: 'TSG_CONFIG_THREW',
      message: expect.stringContaining('gunicorn.conf.ts:3:9'),
    })
  })
})
