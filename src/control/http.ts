/**
 * The HTTP dialect of the control socket: one request a connection, by node:http, which is loaded when the first comes.
 * Deadlines are the connection's; it binds nothing.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { meant } from './arguments.ts'
import { bounds } from './bounds.ts'
import type { Connection } from './connection.ts'
import { type Answer, execute } from './execute.ts'
import { healthAnswer } from './health.ts'
import { json, jsonBody, type Plain, sendPlain } from './plain.ts'
import { type RefusalCode, refusalCodes } from './refusal.ts'
import { type Match, match, paths } from './routes.ts'
import { shapeVersion } from './status.ts'

type Found = Extract<Match, { found: 'command' }>

/** Prometheus's text format. */
export const prometheus = 'text/plain; version=0.0.4; charset=utf-8'

const refused = (status: number, code: RefusalCode, message: string, detail?: string): Plain => ({
  status,
  type: json,
  body: jsonBody({
    version: shapeVersion,
    error: { code, message, ...(detail === undefined ? {} : { detail }) },
  }),
})

/**
 * Why a request is a browser's doing for a page that is not ours (a socket that somebody forwards to a port can be
 * reached by every page: cross-site requests, DNS rebinding). Neither curl nor any client of ours sends these.
 */
const foreign = ({ headers }: IncomingMessage): string | undefined => {
  const site = headers['sec-fetch-site']
  if (headers.origin !== undefined) return 'Origin'
  return site !== undefined && site !== 'none' ? 'Sec-Fetch-Site' : undefined
}

/** Resolves when the body, which nobody wants, is over; false when it is longer than a request may be. */
const bodyPassed = (request: IncomingMessage): Promise<boolean> =>
  new Promise((resolve) => {
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > bounds.request) resolve(false)
    })
    request.once('end', () => resolve(true))
    request.once('close', () => resolve(false))
  })

export class HttpDialect {
  #server: Server | undefined
  readonly #connections = new WeakMap<Socket, Connection>()

  /** Takes a paused socket with its first bytes. */
  readonly take = async (socket: Socket, connection: Connection): Promise<void> => {
    this.#server ??= await this.#create()
    if (socket.destroyed) return
    this.#connections.set(socket, connection)
    this.#server.emit('connection', socket)
    socket.resume()
  }

  async #create(): Promise<Server> {
    const { createServer } = await import('node:http')
    const options = {
      maxHeaderSize: 16_384,
      requestTimeout: bounds.receiving,
      headersTimeout: bounds.receiving,
    }
    return createServer(options, (request, response) => {
      this.#handle(request, response).catch((thrown: unknown) => {
        const connection = this.#connections.get(request.socket)
        connection?.session.log.exception('Control socket: a request failed', thrown)
        request.socket.destroy()
      })
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connections.get(request.socket)
    if (connection === undefined || !(await bodyPassed(request))) return void request.socket.destroy()
    connection.asked()
    response.once('close', () => connection.answered())
    // One request a connection: what comes next may be of another dialect.
    response.setHeader('Connection', 'close')
    const header = foreign(request)
    if (header === undefined) await this.#route(request, response, connection)
    else
      sendPlain(
        response,
        refused(403, 'forbidden', `Requests of web pages (${header}) are not answered here.`),
      )
    // Streams end otherwise: all others are written now, and are to be read.
    if (response.writableEnded) connection.answered()
  }

  async #route(request: IncomingMessage, response: ServerResponse, connection: Connection): Promise<void> {
    const target = request.url ?? '/'
    const found = match(request.method, target)
    if (found.found === 'nothing') {
      const hint = await meant(target.split('?')[0] ?? '', paths)
      return sendPlain(response, refused(404, 'usage', `There is no such resource.${hint} GET / lists them.`))
    }
    if (found.found === 'path') {
      const words = `This resource has ${found.allow}.`
      return sendPlain(response, refused(405, 'usage', words), { Allow: found.allow })
    }
    if (found.command.answers === 'events' && request.method === 'GET')
      return this.#tellEvents(request, response, connection)
    if (found.command.answers === 'health') return sendPlain(response, healthOf(found, request, connection))
    sendPlain(response, plain(found, await execute(connection.session, found.name, found.args)))
  }

  /** Server-sent events (HTML standard, 9.2), with the number of each, and comments while nothing happens. */
  #tellEvents(request: IncomingMessage, response: ServerResponse, { feed, stream }: Connection): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
      Connection: 'close',
    })
    const write = (lines: string): void => {
      if (request.socket.writableLength > bounds.backlog) request.socket.destroy()
      else response.write(lines)
    }
    write('retry: 1000\n\n')
    stream(() => {
      const unsubscribe = feed.subscribe(
        ({ id, event }) => write(`id: ${id}\nevent: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`),
        lastEventId(request),
      )
      const alive = setInterval(() => write(':\n\n'), bounds.keepAlive).unref()
      return () => {
        unsubscribe()
        clearInterval(alive)
      }
    })
  }
}

const lastEventId = ({ headers }: IncomingMessage): number | undefined => {
  const id = headers['last-event-id']
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : undefined
}

const healthOf = ({ path }: Found, { headers }: IncomingMessage, { session }: Connection): Plain =>
  healthAnswer(session.administration.health(), path === '/livez' ? 'livez' : 'readyz', headers.accept)

const plain = ({ command }: Found, answer: Answer): Plain => {
  if (!answer.ok) {
    const { code, message, detail } = answer.error
    return refused(refusalCodes[code].status, code, message, detail)
  }
  if (command.answers !== 'text') return { status: 200, type: json, body: jsonBody(answer.data ?? null) }
  return { status: 200, type: prometheus, body: String(answer.data) }
}
