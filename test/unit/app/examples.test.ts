import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Loader, makeLoader } from './child.ts'

const cwd = fileURLToPath(new URL('../../../examples', import.meta.url))
const expected: Readonly<
  Record<string, { readonly spec?: string; readonly kind: string; readonly status?: number }>
> = {
  'hello.ts': { kind: 'node' },
  'node-handler.mjs': { kind: 'node' },
  'fetch.mjs': { kind: 'fetch' },
  'server-script.mjs': { kind: 'server' },
  'factory.mjs': { spec: 'factory.mjs:create_app("hi")', kind: 'node' },
  'express-app.mjs': { kind: 'node', status: 404 },
  'fastify-app.mjs': { kind: 'node', status: 404 },
  'koa-app.mjs': { spec: 'koa-app.mjs:app', kind: 'node' },
  'hono-app.mjs': { kind: 'fetch', status: 404 },
}

let loader: Loader
beforeAll(async () => {
  loader = await makeLoader()
})
afterAll(() => loader.close())

test('every example is tested', () => {
  expect(
    readdirSync(cwd)
      .filter((name) => name !== 'README.md')
      .sort(),
  ).toEqual(Object.keys(expected).sort())
})

// The frameworks' examples answer at '/', and the question is '/hello': their own 404 proves that they were asked.
test.each(Object.entries(expected))('%s is served', async (name, { spec = name, kind, status = 200 }) => {
  expect(await loader.load({ cwd, spec })).toMatchObject({ kind, status, warnings: [] })
})
