import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { type Loader, makeLoader } from './child.ts'

const cwd = fileURLToPath(new URL('../../../examples', import.meta.url))
const expected: Readonly<
  Record<string, { readonly spec?: string; readonly kind: string; readonly status?: number }>
> = {
  'hello.ts': { kind: 'node' },
  'node-handler.mjs': { kind: 'node' },
  'fetch.mjs': { kind: 'fetch' },
  'fetch-platform.mjs': { kind: 'fetch' },
  'server-script.mjs': { kind: 'server' },
  'factory.mjs': { spec: 'factory.mjs:create_app("hi")', kind: 'node' },
  'express-app.mjs': { kind: 'node', status: 404 },
  'fastify-app.mjs': { kind: 'node', status: 404 },
  'koa-app.mjs': { spec: 'koa-app.mjs:app', kind: 'node' },
  'hono-app.mjs': { kind: 'fetch', status: 404 },
}

/** Folders of Python applications, which test/integration/wsgi-frameworks.test.ts serves. */
const python = ['bottle', 'django', 'flask', 'wsgi']

/** Configurations: they are loaded, not served. */
const configurations = ['tls.conf.ts']

let loader: Loader
beforeAll(async () => {
  loader = await makeLoader()
})
afterAll(() => loader.close())

test.each(configurations)('%s is a configuration without a fault', async (name) => {
  const commandLine = { config: join(cwd, name), wsgi_app: 'hello.ts' }
  const before = process.cwd()
  const loaded = await loadConfig({ directory: cwd, env: {}, commandVariable: {}, commandLine })
  process.chdir(before)
  expect(loaded).toMatchObject({ warnings: [], config: { certfile: expect.stringContaining('cert.pem') } })
})

test('every example is tested', () => {
  expect(
    readdirSync(cwd)
      .filter((name) => name !== 'README.md')
      .sort(),
  ).toEqual([...Object.keys(expected), ...configurations, ...python].sort())
})

// The frameworks' examples answer at '/', and the question is '/hello': their own 404 proves that they were asked.
test.each(Object.entries(expected))('%s is served', async (name, { spec = name, kind, status = 200 }) => {
  expect(await loader.load({ cwd, spec })).toMatchObject({ kind, status, warnings: [] })
})
