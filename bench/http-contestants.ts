/**
 * Who is compared by `bench:http`: the sources of each server and how it is run, one process each (tsgunicorn: its
 * master and one worker, as users run it). It knows no load and no figures.
 *
 * Every server does the least its users would write. What a server adds by itself (Date, Keep-Alive, Content-Type)
 * stays: node:http, which adds least, is what the others are measured against.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { builtProgram } from '../test/support/machine.ts'
import type { Obtained } from './obtain.ts'

/** What the application does: answers `hello`, a parsed JSON body's length, or 64 KB. */
export type Task = 'hello' | 'json' | 'large'

export interface Contestant {
  readonly name: string
  readonly tasks: readonly Task[]
  /** File name -> source. */
  readonly source: (task: Task, from: Obtained) => string
  readonly file: string
  readonly command: (machine: Machine) => readonly string[]
  /** Why it cannot take part here; undefined when it can. */
  readonly missing: (from: Obtained) => string | undefined
}

export interface Machine {
  readonly node: string
  readonly port: number
  /** Where the server runs. */
  readonly folder: string
  readonly obtained: Obtained
}

const listen = `{ port: Number(process.env.PORT), hostname: '127.0.0.1' }`
const large = `const large = 'x'.repeat(65_536)`

const nodeTasks: Readonly<Record<Task, string>> = {
  hello: `const handler = (_req, res) => res.end('hello')`,
  json: `const handler = (req, res) => {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece)).on('end', () => {
    const value = JSON.parse(Buffer.concat(pieces).toString())
    res.end(String(value.text.length))
  })
}`,
  large: `${large}
const handler = (_req, res) => res.end(large)`,
}

const fetchTasks: Readonly<Record<Task, string>> = {
  hello: `const fetch = () => new Response('hello')`,
  json: `const fetch = async (request) => new Response(String((await request.json()).text.length))`,
  large: `${large}
const fetch = () => new Response(large)`,
}

const honoTasks: Readonly<Record<Task, string>> = {
  hello: `const app = new Hono().get('/', (c) => c.text('hello'))`,
  json: `const app = new Hono().post('/', async (c) => c.text(String((await c.req.json()).text.length)))`,
  large: `${large}
const app = new Hono().get('/', (c) => c.text(large))`,
}

const all: readonly Task[] = ['hello', 'json', 'large']
const hello: readonly Task[] = ['hello']
const present = () => undefined
const script = ({ node }: Machine): string[] => [node, 'app.mjs']

const tsgunicorn = ({ node, port }: Machine): string[] => [
  node,
  builtProgram,
  '-w',
  '1',
  '-b',
  `127.0.0.1:${port}`,
  '--log-level',
  'warning',
  'app.mjs',
]

/** By name; the first is what the others are compared with. */
export const contestants = [
  {
    name: 'node:http',
    tasks: all,
    file: 'app.mjs',
    source: (task) =>
      `import { createServer } from 'node:http'\n${nodeTasks[task]}\ncreateServer(handler).listen(Number(process.env.PORT), '127.0.0.1')`,
    command: script,
    missing: present,
  },
  {
    name: 'tsgunicorn, fetch',
    tasks: all,
    file: 'app.mjs',
    source: (task) => `${fetchTasks[task]}\nexport default { fetch }`,
    command: tsgunicorn,
    missing: present,
  },
  {
    name: 'tsgunicorn, hono',
    tasks: all,
    file: 'app.mjs',
    source: (task) => `import { Hono } from 'hono'\n${honoTasks[task]}\nexport default app`,
    command: tsgunicorn,
    missing: present,
  },
  {
    name: '@hono/node-server',
    tasks: all,
    file: 'app.mjs',
    source: (task, { serveHono }) =>
      `import { Hono } from 'hono'\nimport { serve } from ${JSON.stringify(serveHono)}\n${honoTasks[task]}\nserve({ fetch: app.fetch, ...${listen} })`,
    command: script,
    missing: ({ serveHono, why }) => (serveHono === undefined ? why : undefined),
  },
  {
    name: 'srvx, FastResponse',
    tasks: hello,
    file: 'app.mjs',
    source: () =>
      `import { FastResponse, serve } from 'srvx'\nserve({ fetch: () => new FastResponse('hello'), silent: true, ...${listen} })`,
    command: script,
    missing: present,
  },
  {
    name: 'fastify',
    tasks: hello,
    file: 'app.mjs',
    source: () =>
      `import fastify from 'fastify'\nconst app = fastify()\napp.get('/', async () => 'hello')\nawait app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })`,
    command: script,
    missing: present,
  },
  {
    name: 'tsgunicorn, node',
    tasks: hello,
    file: 'app.mjs',
    source: (task) => `${nodeTasks[task]}\nexport default handler`,
    command: tsgunicorn,
    missing: present,
  },
  {
    name: 'node:cluster',
    tasks: hello,
    file: 'app.mjs',
    source: (task) =>
      `import cluster from 'node:cluster'\nimport { createServer } from 'node:http'\n${nodeTasks[task]}\nif (cluster.isPrimary) cluster.fork()\nelse createServer(handler).listen(Number(process.env.PORT), '127.0.0.1')`,
    command: script,
    missing: present,
  },
  {
    name: 'pm2',
    tasks: hello,
    file: 'app.mjs',
    source: (task) =>
      `import { createServer } from 'node:http'\n${nodeTasks[task]}\ncreateServer(handler).listen(Number(process.env.PORT), '127.0.0.1')`,
    // It keeps its sockets and logs in PM2_HOME; env(1) becomes the program, with the same pid.
    command: ({ node, folder, obtained: { pm2 } }) =>
      'why' in pm2
        ? []
        : ['env', `PM2_HOME=${join(folder, 'pm2')}`, node, pm2.runtime, 'start', 'app.mjs', '-i', '1'],
    missing: ({ pm2 }) => ('why' in pm2 ? pm2.why : undefined),
  },
  {
    name: 'Bun',
    tasks: hello,
    file: 'app.mjs',
    source: (task) => `${fetchTasks[task]}\nBun.serve({ fetch, ...${listen} })`,
    command: ({ obtained }) => [obtained.bun ?? 'bun', 'app.mjs'],
    missing: ({ bun, why }) => (bun === undefined ? why : undefined),
  },
  {
    name: 'Deno',
    tasks: hello,
    file: 'app.mjs',
    source: (task) =>
      `${fetchTasks[task]}\nDeno.serve({ port: Number(Deno.env.get('PORT')), hostname: '127.0.0.1', onListen() {} }, fetch)`,
    command: ({ obtained }) => [obtained.deno ?? 'deno', 'run', '-A', '--no-config', 'app.mjs'],
    missing: ({ deno, why }) => (deno === undefined ? why : undefined),
  },
] as const satisfies readonly Contestant[]

/** Throws unless there is something to measure. */
export const assertBuilt = (): void => {
  if (!existsSync(builtProgram)) throw new Error(`${builtProgram} is not there: npm run build`)
}

export const repositoryModules = join(builtProgram, '../../../node_modules')
