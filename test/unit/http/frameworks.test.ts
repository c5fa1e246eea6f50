import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { connect, get, serve, until } from './harness.ts'

const body = 'grüße'

// Packages without types of their own: what is used of them here.
const require = createRequire(import.meta.url)
type Express = RequestListener & {
  get(path: string, handler: (request: unknown, response: { send(text: string): void }) => void): void
}
interface KoaApp {
  use(middleware: (context: { body: unknown }) => void): void
  callback(): RequestListener
}
const express = require('express') as () => Express
const Koa = require('koa') as new () => KoaApp

const apps: Record<string, () => Promise<Application>> = {
  express: async () => {
    const app = express()
    app.get('/ok', (_, response) => response.send(body))
    return { kind: 'node', shape: 'express', handler: app }
  },
  koa: async () => {
    const app = new Koa()
    app.use((context) => {
      context.body = body
    })
    return { kind: 'node', shape: 'koa', handler: app.callback() }
  },
  fastify: async () => {
    const app = fastify()
    app.get('/ok', async () => body)
    await app.ready()
    return { kind: 'node', shape: 'fastify', handler: app.routing as unknown as RequestListener }
  },
  hono: async () => {
    const app = new Hono()
    app.get('/ok', (context) => context.text(body))
    return { kind: 'fetch', shape: 'hono', fetch: (request) => app.fetch(request) }
  },
  "an express app's own server": async () => {
    const app = express()
    app.get('/ok', (_, response) => response.send(body))
    return { kind: 'server', shape: 'server', server: createServer(app) }
  },
}

describe.each(Object.entries(apps))('%s', (_, make) => {
  test('is served, and its bytes are counted though it changes its responses', async () => {
    const { port, records, engine } = await serve(await make())
    const client = await connect(port)
    await client.send(get('/ok')).has('gr\xc3\xbc\xc3\x9fe')
    await until(() => records.length === 1)
    expect(records[0]).toMatchObject({ status: 200, bodyBytes: 7, completed: true })
    expect(records[0]?.responseHeader('content-type')).toContain('text/plain'.slice(0, 4))
    await engine.drain({ emptyAcceptQueue: false, idleMs: 5 })
  })
})
