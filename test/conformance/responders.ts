/** One application, once for each kind: what it answers is chosen by the path. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Application } from '../../src/app/application.ts'

/** Where a story waits for something, or lets something go on. */
export interface Story {
  /** `/wait` reads its body, and `/slow` answers, when this resolves. */
  readonly gate: Promise<void>
}

const split = 'a\r\nInjected: yes'

const nodeRoutes: Readonly<
  Record<string, (response: ServerResponse, request: IncomingMessage, story: Story) => unknown>
> = {
  '/text': (response) =>
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 5 }).end('hello'),
  '/stream': (response) => {
    response.write('hel')
    setImmediate(() => response.end('lo'))
  },
  '/204': (response) => response.writeHead(204).end(),
  '/304': (response) => response.writeHead(304, { ETag: '"a"' }).end(),
  '/close': (response) => response.writeHead(200, { Connection: 'close', 'Content-Length': 5 }).end('hello'),
  '/own': (response) =>
    response.writeHead(200, { Server: 'mine', Date: 'Thu, 01 Jan 1970 00:00:00 GMT' }).end('hello'),
  '/inject': (response) => response.setHeader('X-A', split),
  '/inject-name': (response) => response.setHeader(split, 'a'),
  '/boom': () => {
    throw new Error('boom')
  },
  '/early': (response) => response.writeHead(200, { 'Content-Length': 5 }).end('hello'),
  '/late': (response, request) => {
    request.resume().on('end', () => response.writeHead(200, { 'Content-Length': 4 }).end('read'))
  },
  '/wait': async (response, request, { gate }) => {
    await gate
    request.resume().on('end', () => response.writeHead(200, { 'Content-Length': 4 }).end('read'))
  },
  '/slow': async (response, _, { gate }) => {
    await gate
    response.writeHead(200, { 'Content-Length': 4 }).end('slow')
  },
  '/large': (response) => response.writeHead(200, { 'Content-Length': 3_000_000 }).end('x'.repeat(3_000_000)),
}

const nodeResponder = (story: Story): Application => ({
  kind: 'node',
  shape: 'function',
  handler: (request, response) => nodeRoutes[request.url ?? '']?.(response, request, story),
})

const text = (body: string, headers: Record<string, string> = {}): Response =>
  new Response(body, { headers: { 'Content-Type': 'text/plain', ...headers } })

const pieces = (): ReadableStream =>
  new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode('hel'))
      controller.enqueue(new TextEncoder().encode('lo'))
      controller.close()
    },
  })

const fetchRoutes: Readonly<
  Record<string, (request: Request, story: Story) => Response | Promise<Response>>
> = {
  '/text': () => text('hello'),
  '/stream': () => new Response(pieces()),
  '/204': () => new Response(null, { status: 204 }),
  '/304': () => new Response(null, { status: 304, headers: { ETag: '"a"' } }),
  '/close': () => text('hello', { Connection: 'close' }),
  '/own': () => text('hello', { Server: 'mine', Date: 'Thu, 01 Jan 1970 00:00:00 GMT' }),
  '/inject': () => text('hello', { 'X-A': split }),
  '/inject-name': () => text('hello', { [split]: 'a' }),
  '/boom': () => {
    throw new Error('boom')
  },
  '/early': () => text('hello'),
  '/late': async (request) => {
    await request.arrayBuffer()
    return text('read')
  },
  '/wait': async (request, { gate }) => {
    await gate
    await request.arrayBuffer()
    return text('read')
  },
  '/slow': async (_, { gate }) => {
    await gate
    return text('slow')
  },
  '/large': () => text('x'.repeat(3_000_000)),
}

const fetchResponder = (story: Story): Application => ({
  kind: 'fetch',
  shape: 'fetch',
  fetch: (request) => fetchRoutes[new URL(request.url).pathname]?.(request, story) ?? text('?'),
})

export const responders = { node: nodeResponder, fetch: fetchResponder } as const
