import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTls } from 'node:https'
import { expect, test, vi } from 'vitest'
import { looksLike, recognise } from '../../../src/app/recognise.ts'
import { shapes } from '../../../src/app/shapes.ts'

const handler = (_request: unknown, _response: unknown): void => undefined

/** Nest's application, as far as it can be told. */
const nest = (instance: object) => {
  const server = createServer()
  const calls: string[] = []
  return {
    calls,
    server,
    init: async () => void calls.push('init'),
    getHttpServer: () => server,
    getHttpAdapter: () => ({ getInstance: () => instance }),
  }
}

test('a Nest application is initialised and its server is fed', async () => {
  const app = nest({})
  expect(await recognise(app)).toEqual({ kind: 'server', shape: 'nest', server: app.server })
  expect(app.calls).toEqual(['init'])
})

test('a Nest application on Fastify is made ready before its first request', async () => {
  const ready = vi.fn(async () => undefined)
  await recognise(nest({ ready }))
  expect(ready).toHaveBeenCalledOnce()
})

test("Elysia's fetch keeps its object", async () => {
  const elysia = {
    word: 'elysia',
    handle: () => undefined,
    listen: () => undefined,
    fetch() {
      return new Response(this.word)
    },
  }
  const app = await recognise(elysia)
  if (app?.kind !== 'fetch') throw new Error('not fetch')
  expect(await (await app.fetch(new Request('http://127.0.0.1/'))).text()).toBe('elysia')
})

test('an exported server believes that it listens, and says so', async () => {
  const server = createServer()
  await recognise(server)
  await once(server, 'listening')
  expect(server.listening).toBe(true)
  await new Promise((resolve) => server.close(resolve))
  expect(server.listening).toBe(false)
})

test("Restify's server is found inside it", async () => {
  const server = createServer()
  expect(await recognise({ listen: () => undefined, server })).toMatchObject({ kind: 'server', server })
})

test('of a server with TLS of its own only the requests are used', async () => {
  const seen: unknown[] = []
  const app = await recognise(createTls({}, (request) => void seen.push(request)))
  if (app?.kind !== 'node') throw new Error('not node')
  const request = new EventEmitter()
  app.handler(request as never, {} as never)
  expect(seen).toEqual([request])
  expect(app.upgrade).toBeUndefined()
})

test.each([
  ['a handler of two', handler, 'node handler'],
  ['a handler of three', (_a: unknown, _b: unknown, _c: unknown) => undefined, 'node handler'],
  ['a fetch function', (_request: unknown) => new Response(), 'fetch function'],
  ['a factory', () => handler, 'node handler'],
  ['an asynchronous factory', async () => handler, 'node handler'],
  ['a promise', Promise.resolve(handler), 'node handler'],
  ['a factory of factories', () => async () => () => handler, 'node handler'],
])('%s is recognised', async (_name, value, shape) => {
  expect(await recognise(value)).toMatchObject({ shape })
})

test.each([
  ['nothing', undefined],
  ['a number', 3],
  ['an object', { port: 1 }],
  ['a class', class Site {}],
  ['a factory of nothing', () => undefined],
])('%s is no application', async (_name, value) => {
  expect(await recognise(value)).toBeUndefined()
})

test('factories without end are given up', async () => {
  const calls = vi.fn()
  const endless = (): unknown => {
    calls()
    return endless
  }
  expect(await recognise(endless)).toBeUndefined()
  expect(calls.mock.calls.length).toBeLessThan(10)
})

test.each([
  ['fetch', (_request: unknown, _context: unknown) => new Response(), 'fetch'],
  ['fetch', (..._all: unknown[]) => new Response(), 'fetch'],
  ['node', (..._all: unknown[]) => undefined, 'node'],
  ['node', (_request: unknown) => undefined, 'node'],
  ['factory', (_options: unknown) => handler, 'node'],
] as const)('app_type %s overrides the number of parameters', async (type, value, kind) => {
  expect(await recognise(value, type)).toMatchObject({ kind })
})

test('app_type fetch refuses a node app, and node a fetch app', async () => {
  expect(await recognise(createServer(), 'fetch')).toBeUndefined()
  expect(await recognise({ fetch: () => new Response() }, 'node')).toBeUndefined()
})

test('a router that fails rejects, for the engine to answer', async () => {
  const router = Object.assign(
    (_q: unknown, _s: unknown, next: (error: Error) => void) => next(new Error('broken')),
    {
      handle: () => undefined,
    },
  )
  const app = await recognise(router)
  if (app?.kind !== 'node') throw new Error('not node')
  await expect(app.handler({} as never, new EventEmitter() as never)).rejects.toThrow('broken')
})

test.each([
  [class Site {}, 'class Site, not an instance of it'],
  [null, 'null'],
  ['text', 'a string'],
  [[], 'an array'],
  [{}, 'an empty object'],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with a, b, c, d, e, ...'],
  [{ handler: () => 1, stack: [], use: () => 1 }, 'H3 version 1: export toNodeListener(app)'],
  [handler, 'node handler'],
])('%o looks like %s', (value, words) => {
  expect(looksLike(value)).toBe(words)
})

test('the table of shapes says for each how it is told and how it is served, under a name of its own', () => {
  expect(new Set(shapes.map(({ word }) => word)).size).toBe(shapes.length)
  for (const { told, served } of shapes) expect([told, served].every((words) => words.length > 5)).toBe(true)
})

test('an object with fetch gets all arguments that platforms give, a function as many as it names', async () => {
  const given = async (value: unknown, type: 'auto' | 'fetch') => {
    const app = await recognise(value, type)
    if (app?.kind !== 'fetch') throw new Error('not fetch')
    return app.fetch(new Request('http://h/'), 'env', 'context') as unknown
  }
  const count = (...all: unknown[]): number => all.length
  expect(await given({ fetch: count }, 'auto')).toBe(3)
  expect(await given((_request: unknown, ...more: unknown[]) => more.length, 'auto')).toBe(0)
  expect(await given((_request: unknown, options: unknown = 'own') => options, 'fetch')).toBe('own')
  expect(await given((_request: unknown, info: unknown) => info, 'fetch')).toBe('env')
})

test('a method upgrade beside fetch is kept, with its object', async () => {
  const object = {
    word: 'mine',
    fetch: () => new Response('x'),
    upgrade() {
      return this.word
    },
  }
  const app = await recognise(object)
  if (app?.kind !== 'fetch') throw new Error('not fetch')
  expect(app.upgrade?.(undefined as never, undefined as never, undefined as never)).toBe('mine')
  expect(await recognise({ fetch: object.fetch })).not.toHaveProperty('upgrade')
})
