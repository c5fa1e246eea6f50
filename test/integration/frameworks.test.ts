import { join } from 'node:path'
import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { repository } from '../support/machine.ts'

/** Unmodified applications, each as its framework's own manual writes it. */
const apps: ReadonlyArray<readonly [string, string, string]> = [
  [
    'express',
    'app.mjs',
    `import express from 'express'\nconst app = express()\napp.get('/', (req, res) => res.send('hello express'))\nexport default app`,
  ],
  [
    'express that listens itself',
    'server.cjs',
    `const app = require('express')()\napp.get('/', (req, res) => res.send('hello script'))\napp.listen(3000)`,
  ],
  [
    'fastify',
    'app.mjs',
    `import fastify from 'fastify'\nconst app = fastify()\napp.get('/', async () => 'hello fastify')\nexport default app`,
  ],
  [
    'koa',
    'app.mjs',
    `import Koa from 'koa'\nconst app = new Koa()\napp.use((ctx) => { ctx.body = 'hello koa' })\nexport default app`,
  ],
  [
    'hono',
    'app.mjs',
    `import { Hono } from 'hono'\nconst app = new Hono()\napp.get('/', (c) => c.text('hello hono'))\nexport default app`,
  ],
  ['a fetch object', 'app.mjs', `export default { fetch: () => new Response('hello fetch') }`],
  [
    'node:http that listens',
    'server.mjs',
    `import { createServer } from 'node:http'\ncreateServer((req, res) => res.end('hello http')).listen(8080, () => console.log('listening'))`,
  ],
  [
    'TypeScript',
    'app.ts',
    `import type { IncomingMessage, ServerResponse } from 'node:http'\nenum Word { Hello = 'hello ts' }\nexport default (_: IncomingMessage, res: ServerResponse): void => { res.end(Word.Hello) }`,
  ],
]

test.each(apps)('%s is served by two workers, reloaded and ended', async (_name, file, text) => {
  const server = await start({
    workers: 2,
    files: { [file]: text },
    links: { node_modules: join(repository, 'node_modules') },
    appArgument: file,
  })
  const old = await server.hasWorkers(2)
  expect(await server.get()).toMatch(/^hello /)
  server.signal('SIGHUP')
  await server.hasWorkers(2, { not: old })
  expect(await server.get()).toMatch(/^hello /)
  await server.assertClean()
})
