import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expressionText, moduleOf, parseSpec } from '../../../src/app/spec.ts'

test.each([
  ['server.js', { module: 'server.js' }],
  ['server', { module: 'server' }],
  ['a.b.c:app', { module: 'a.b.c', expression: { path: ['app'] } }],
  [' ./dist/main.mjs:web.app ', { module: './dist/main.mjs', expression: { path: ['web', 'app'] } }],
  ['C:\\x\\app.js:app', { module: 'C:\\x\\app.js', expression: { path: ['app'] } }],
  ['C:/x/app.js', { module: 'C:/x/app.js' }],
  ['c:app', { module: 'c', expression: { path: ['app'] } }],
  ['file:///srv/app.mjs:app', { module: 'file:///srv/app.mjs', expression: { path: ['app'] } }],
  ['app:create()', { module: 'app', expression: { path: ['create'], args: [] } }],
  [
    'app:web.create("a:b", {"deep": [1, null]})',
    { module: 'app', expression: { path: ['web', 'create'], args: ['a:b', { deep: [1, null] }] } },
  ],
  [
    "app:create('it\\'s', \"don't\")",
    { module: 'app', expression: { path: ['create'], args: ["it's", "don't"] } },
  ],
  ['app:größe', { module: 'app', expression: { path: ['größe'] } }],
])('%s is understood', (text, spec) => {
  expect(parseSpec(text)).toEqual(spec)
})

test.each([
  ['', 'TSG_APP_NOT_FOUND', 3],
  [':app', 'TSG_APP_NOT_FOUND', 3],
  ['app:', 'TSG_APP_ATTRIBUTE', 4],
  ['app: ', 'TSG_APP_ATTRIBUTE', 4],
  ['app:1x', 'TSG_APP_ATTRIBUTE', 4],
  ['app:a..b', 'TSG_APP_ATTRIBUTE', 4],
  ['app:create(', 'TSG_APP_ATTRIBUTE', 4],
  ['app:create(x)', 'TSG_APP_ATTRIBUTE', 4],
  ['app:create(debug=True)', 'TSG_APP_ATTRIBUTE', 4],
  ['app:a + b', 'TSG_APP_ATTRIBUTE', 4],
])('%j is refused with %s', (text, code, exitStatus) => {
  expect(() => parseSpec(text)).toThrow(expect.objectContaining({ code, exitStatus }))
})

test.each([
  ['app:create(debug=True, x="a:b")', 'app'],
  [' mysite.wsgi : application', 'mysite.wsgi'],
  ['file:///srv/app.py:app', 'file:///srv/app.py'],
  ['', ''],
  [':app', ''],
])('the module of %j is %j, whatever stands behind it', (text, module) => {
  expect(moduleOf(text)).toBe(module)
})

test('any arguments that JSON can carry are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (args) => {
      const written = JSON.parse(JSON.stringify(args))
      const text = expressionText({ path: ['create'], args })
      expect(parseSpec(`app:${text}`)).toEqual({
        module: 'app',
        expression: { path: ['create'], args: written },
      })
    }),
  )
})

test('any text is a spec or an error of ours', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        expect(parseSpec(text).module).not.toBe('')
      } catch (error) {
        expect(error).toHaveProperty('name', 'ServerError')
      }
    }),
  )
})
