import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import type { Setting } from '../../../src/config/setting.ts'
import { isSettingName, settings } from '../../../src/config/settings/index.ts'
import { jsonSchema } from '../../../src/generate/json-schema.ts'

const schema: Readonly<Record<string, unknown>> & { readonly properties: Readonly<Record<string, unknown>> } =
  JSON.parse(jsonSchema())
const ajv = new Ajv({ strictTypes: false, keywords: ['markdownDescription'] })
const allows = ajv.compile(schema)

const declared = (name: string): Setting => {
  if (!isSettingName(name)) throw new Error(`${name} is no setting`)
  return settings[name]
}

test('the schema says where it is, and nothing else that is no setting', () => {
  const names = Object.keys(schema.properties)
  expect(names.filter((name) => !isSettingName(name))).toEqual(['$schema'])
  expect(allows({ $schema: './node_modules/tsgunicorn/schema/gunicorn.schema.json', workers: 2 })).toBe(true)
})

test('hooks are absent: functions cannot stand in JSON', () => {
  const hooks = Object.entries<Setting>(settings).filter(([, { kind }]) => kind === 'hook')
  expect(hooks).toHaveLength(16)
  expect(hooks.filter(([name]) => name in schema.properties)).toEqual([])
})

describe('a configuration an editor accepts is one the server accepts', () => {
  const accepted: ReadonlyArray<readonly [string, unknown]> = [
    ['workers', 4],
    ['workers', 'auto'],
    ['bind', '127.0.0.1:8000'],
    ['bind', ['127.0.0.1:8000', 'unix:/run/app.sock']],
    ['umask', '0022'],
    ['umask', 18],
    ['max_worker_memory', '512M'],
    ['timeout', 0.5],
    ['pidfile', null],
    ['user', 'www-data'],
    ['user', 33],
    ['raw_env', ['A=b']],
    ['loglevel', 'debug'],
    ['secure_scheme_headers', { 'X-FORWARDED-PROTO': 'https' }],
    ['worker_class', 'sync'],
  ]
  test.each(accepted)('%s: %j', (name, value) => {
    expect([allows({ [name]: value }), declared(name).check(value).ok]).toEqual([true, true])
  })

  const refused: ReadonlyArray<readonly [string, unknown]> = [
    ['workers', -1],
    ['workers', 'some'],
    ['bind', 8000],
    ['umask', 512],
    ['max_worker_memory', '5X'],
    ['timeout', -1],
    ['raw_env', ['A']],
    ['loglevel', 'loud'],
    ['secure_scheme_headers', { 'X-FORWARDED-PROTO': 1 }],
    ['reload', 1],
  ]
  test.each(refused)('%s: %j is refused by both', (name, value) => {
    expect([allows({ [name]: value }), declared(name).check(value).ok]).toEqual([false, false])
  })

  test('a name that does not exist is refused', () => expect(allows({ worker: 4 })).toBe(false))

  test('every default is allowed', () => {
    const values = Object.entries<Setting>(settings)
      .filter(([name, { default: value }]) => name in schema.properties && value !== undefined)
      .map(([name, setting]) => [name, setting.default])
    allows(Object.fromEntries(values))
    expect(allows.errors ?? []).toEqual([])
  })
})
