import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Loader, makeLoader } from './child.ts'

let loader: Loader
beforeAll(async () => {
  loader = await makeLoader()
})
afterAll(() => loader.close())

const served: ReadonlyArray<
  readonly [spec: string, kind: string, shape: string, body: string, status?: number]
> = [
  ['express.mjs', 'node', 'express', 'express'],
  ['express-cjs.cjs', 'node', 'express', 'express cjs'],
  ['router.mjs', 'node', 'router', 'Not Found\n', 404],
  ['connect.cjs', 'node', 'express', 'connect'],
  ['polka.mjs', 'node', 'polka', 'polka'],
  ['koa.mjs:app', 'node', 'koa', 'koa'],
  ['fastify', 'node', 'fastify', 'fastify'],
  ["fastify-factory:create_app('quiet', {'loud': false})", 'node', 'fastify', 'quiet false'],
  ['hapi.mjs', 'server', 'hapi', 'hapi'],
  ['hono.mjs', 'fetch', 'fetch object', 'hono'],
  ['h3.mjs', 'fetch', 'fetch object', 'h3'],
  ['fetch-object.mjs', 'fetch', 'fetch object', 'fetch object'],
  ['fetch-named.mjs', 'fetch', 'fetch function', 'named /hello'],
  ['server.mjs', 'server', 'server', 'server true'],
  ['dynamic.cjs', 'node', 'node handler', 'dynamic'],
  ['dynamic:web.site.app', 'node', 'node handler', 'deep'],
  ['compiled.cjs', 'node', 'node handler', 'compiled'],
  ['wrapped.mjs', 'node', 'node handler', 'compiled'],
  ['pkg', 'node', 'node handler', 'package'],
  ['typed.ts:app', 'node', 'node handler', 'typed decorated'],
  ['typed.mts', 'fetch', 'fetch object', 'typed mts'],
  ['typed-cjs', 'node', 'node handler', 'typed true'],
  ['typed-cjs:app', 'node', 'node handler', 'typed false'],
]

test.each(served.map(([spec, kind, shape, body, status = 200]) => ({ spec, kind, shape, body, status })))(
  '$spec is served as $kind, $shape',
  async ({ spec, ...expected }) => {
    expect(await loader.load({ spec })).toMatchObject(expected)
  },
)

test.each([
  ['hono.mjs', 'auto', 'light'],
  ['express.mjs', 'auto', 'own'],
  ['dynamic.cjs', 'node', 'own'],
] as const)('the classes of %s, loaded as %s, are %s in the end', async (spec, type, globals) => {
  expect(await loader.load({ spec, type, globals: true })).toMatchObject({ globals, warnings: [] })
})

test('upgrades reach the listeners of a fastify app', async () => {
  expect(await loader.load({ spec: 'fastify.mjs', upgrade: true })).toMatchObject({ status: 101 })
})

test('a tsconfig that asks for decorator metadata is warned of', async () => {
  const { warnings } = await loader.load({ spec: 'typed.ts' })
  expect(warnings.join()).toContain('emitDecoratorMetadata')
})

test('JavaScript applications do without the compiler, and without its cost', async () => {
  const { error } = await loader.load({ spec: 'imports-enum.mjs' })
  expect(error?.message).toMatch(/Unknown file extension|enum/u)
})
