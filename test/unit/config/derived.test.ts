import { expect, test } from 'vitest'
import { applicationOf, processNameOf } from '../../../src/config/derived.ts'

test.each([
  [{ app: 'a', wsgi_app: 'b' }, 'a'],
  [{ app: undefined, wsgi_app: 'b' }, 'b'],
  [{ app: '', wsgi_app: undefined }, undefined],
])('the application of %j', (config, app) => {
  expect(applicationOf(config)).toBe(app)
})

test.each([
  [{ proc_name: 'mine', default_proc_name: 'x', app: 'a' }, 'mine'],
  [{ default_proc_name: 'x', app: 'a' }, 'x'],
  [{ default_proc_name: 'gunicorn', app: './a.ts:app' }, './a.ts:app'],
  [{ default_proc_name: 'gunicorn' }, 'gunicorn'],
])('the name of %j', (config, name) => {
  expect(processNameOf(config)).toBe(name)
})
