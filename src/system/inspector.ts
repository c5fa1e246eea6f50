/**
 * A conversation with the inspector of another Node process (Chrome DevTools protocol). It knows how to find it and
 * how to ask; what is asked is `stack.ts`'s. Every wait ends with the caller's AbortSignal.
 */
import { randomBytes } from 'node:crypto'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { socketInodes } from '../util/proc-sockets.ts'
import { listeningSockets } from '../util/tcp-table.ts'
import { encodeText, readMessages } from './websocket.ts'

type Json = Readonly<Record<string, unknown>>

/** Whatever is in a property of something unknown. */
export const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Json)[name] : undefined

/** Ports of 127.0.0.1 on which only that process listens, and not we: our listeners are its too. */
const ownPorts = (pid: number): number[] => {
  const ours = socketInodes('self')
  const theirs = socketInodes(pid)
  return listeningSockets()
    .filter((row) => row.address === '127.0.0.1' && theirs.has(row.inode) && !ours.has(row.inode))
    .map(({ port }) => port)
}

const bodyOf = async (response: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

/** The path of the inspector's websocket, if one answers on the port; rejects if not. */
const targetAt = async (port: number, signal: AbortSignal): Promise<{ port: number; path: string }> => {
  const { get } = await import('node:http')
  const text = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/json/list', agent: false, signal }, (response) => {
      bodyOf(response).then(resolve, reject)
    }).once('error', reject)
  })
  const list: unknown = JSON.parse(text)
  const url = Array.isArray(list) ? property(list[0], 'webSocketDebuggerUrl') : undefined
  if (typeof url !== 'string') throw new Error(`port ${port} is no inspector's`)
  return { port, path: new URL(url).pathname }
}

/** Asked again while the port opens: by the worker's signal thread, some milliseconds after SIGUSR1. */
const pollMs = 4

/** The signal is sent again: one that finds an inspector about to be closed opens nothing. */
const signalMs = 100

/** Opens the process's inspector and waits until it answers. Rejects when the signal aborts, or the process is gone. */
export const findInspector = async (
  pid: number,
  signal: AbortSignal,
): Promise<{ port: number; path: string }> => {
  for (let signalAt = 0; ; ) {
    if (performance.now() >= signalAt) {
      process.kill(pid, 'SIGUSR1')
      signalAt = performance.now() + signalMs
    }
    const ports = ownPorts(pid)
    // An application may listen there too, and a blocked one never answers: the inspector's answer is the first.
    const asked = ports.map((port) => targetAt(port, signal).catch(() => undefined))
    const found = await Promise.race([firstFound(asked), delay(signalMs, undefined, { signal })])
    if (found !== undefined) return found
    await delay(pollMs, undefined, { signal })
  }
}

/** The first that is something; undefined when all are nothing. */
const firstFound = async <T>(asked: readonly Promise<T | undefined>[]): Promise<T | undefined> => {
  const found = asked.map(async (one) => (await one) ?? Promise.reject(new Error('nothing')))
  return Promise.any(found).catch(() => undefined)
}

export interface Conversation {
  /** The command's result; rejects with the inspector's words, or when the signal aborts. */
  call(method: string, params?: Json): Promise<unknown>
  /** Told the parameters of every event of this name. */
  on(event: string, heard: (params: unknown) => void): void
  /** The parameters of the next event of this name. */
  next(event: string): Promise<unknown>
  close(): void
  /** Leaves the closing to the other side, or to its end. */
  release(): void
  /** Resolves when the other side has closed, too. */
  readonly closed: Promise<void>
}

const upgraded = (request: ClientRequest): Promise<{ socket: Duplex; head: Buffer }> =>
  new Promise((resolve, reject) => {
    request.once('upgrade', (_response, socket, head) => resolve({ socket, head }))
    request.once('response', (response) => reject(new Error(`inspector: status ${response.statusCode}`)))
    request.once('error', reject)
    request.end()
  })

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

const converse = (socket: Duplex, head: Buffer, signal: AbortSignal): Conversation => {
  // Answers by number, events by name: whoever waits for one is in here.
  const waiting = new Map<number | string, Waiting>()
  const heard = new Map<string, (params: unknown) => void>()
  let number = 0
  const settle = (text: string): void => {
    const message: unknown = JSON.parse(text)
    const key = property(message, 'id') ?? property(message, 'method')
    if (typeof key !== 'number' && typeof key !== 'string') return
    if (typeof key === 'string') heard.get(key)?.(property(message, 'params'))
    const waiter = waiting.get(key)
    waiting.delete(key)
    const error = property(property(message, 'error'), 'message')
    if (error !== undefined) waiter?.reject(new Error(String(error)))
    else waiter?.resolve(property(message, 'result') ?? property(message, 'params'))
  }
  const fail = (reason: unknown): void => {
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
  }
  const wait = (key: number | string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      else waiting.set(key, { resolve, reject })
    })
  const post = (method: string, params: Json = {}): number => {
    number += 1
    socket.write(encodeText(JSON.stringify({ id: number, method, params })))
    return number
  }
  readMessages(socket, head, settle)
  socket.once('error', fail)
  socket.once('close', () => fail(new Error('the inspector closed the connection')))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  signal.addEventListener('abort', () => fail(signal.reason), { once: true })
  return {
    call: (method, params) => wait(post(method, params)),
    on: (event, hear) => void heard.set(event, hear),
    next: wait,
    close: () => void socket.end(),
    release: () => void (socket instanceof Socket && socket.unref()),
    closed,
  }
}

/** Opens the websocket of an inspector that was found. */
export const openInspector = async (
  { port, path }: { readonly port: number; readonly path: string },
  signal: AbortSignal,
): Promise<Conversation> => {
  const { request } = await import('node:http')
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  }
  const { socket, head } = await upgraded(
    request({ host: '127.0.0.1', port, path, headers, agent: false, signal }),
  )
  return converse(socket, head, signal)
}
