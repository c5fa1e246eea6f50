/**
 * The corpus over real sockets: bytes in, statuses out, how the connection ended, and what the application saw.
 * It knows no engine; it is given a port.
 */
import { once } from 'node:events'
import net from 'node:net'
import { type Entry, head, isRefused } from './entry.ts'
import type { Cut } from './pieces.ts'

/** What is asked behind everything else: it must be served when the connection was kept, and never otherwise. */
export const probe = head('GET /probe HTTP/1.1', 'Host: a', 'Connection: close')
export const probeTarget = '/probe'

export interface Conversation {
  /** Final statuses, in order. */
  readonly statuses: readonly number[]
  /** `fin`: the server ended the connection in order; `silent`: neither answer nor end in time; else an error's code. */
  readonly ending: string
  readonly text: string
  /** The client's port. */
  readonly port: number
}

/**
 * EPIPE for who has not ended its own side: the server's FIN came, more was sent behind it, and was answered with RST
 * (Linux, tcp_reset: CLOSE_WAIT). Newer libuv tells the writer before the reader. RST alone would be ECONNRESET.
 */
const brokenEndings: Readonly<Record<string, string>> = { EPIPE: 'fin' }

/** Longer than an engine lingers behind an answer to let the client read it. */
const patienceMs = 4000

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const pairs = new Set<string>()

/**
 * A connection from a port that had none to this server before: what an application saw is told by the client's port,
 * and the kernel gives a port again as soon as the connection that had it was reset.
 */
const connectOnce = async (port: number): Promise<net.Socket> => {
  const used: net.Socket[] = []
  try {
    for (;;) {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
      await once(socket, 'connect')
      const pair = `${socket.localPort} ${port}`
      if (!pairs.has(pair)) {
        pairs.add(pair)
        return socket
      }
      // Held while another is sought, or the kernel gives it once more.
      used.push(socket)
      if (used.length > 100) throw new Error(`no port that is new to the server at ${port}`)
    }
  } finally {
    for (const socket of used) socket.destroy()
  }
}

/** Sends these bytes in these pieces, and FIN behind them if `fin`; resolves when the server has ended. */
export const converse = async (
  port: number,
  bytes: Buffer,
  cut: Cut,
  fin: boolean,
): Promise<Conversation> => {
  const socket = await connectOnce(port)
  const ownPort = socket.localPort ?? 0
  let text = ''
  const ending = new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve('silent'), patienceMs)
    const end = (how: string) => {
      clearTimeout(timer)
      resolve(how)
    }
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    socket.on('end', () => end('fin'))
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) =>
      end(brokenEndings[code ?? ''] ?? code ?? message),
    )
    socket.on('close', () => end('closed'))
  })
  try {
    for (const piece of cut(bytes)) {
      if (!socket.writable) break
      socket.write(piece)
      await turn()
    }
    if (fin) socket.end()
    const how = await ending
    const statuses = [...text.matchAll(/HTTP\/1\.[01] ([2-9]\d\d) /g)].map(([, status]) => Number(status))
    return { statuses, ending: how, text, port: ownPort }
  } finally {
    socket.destroy()
  }
}

/** Whether the connection is still good when everything expected was served. */
const isKept = ({ expected }: Entry): boolean =>
  expected.every((outcome) => !isRefused(outcome) && outcome.keepAlive && outcome.method !== 'CONNECT')

/** The bytes to send for an entry: the probe comes behind all that do not end with the client's FIN. */
export const bytesOf = (entry: Entry): Buffer =>
  Buffer.from(entry.cut ? entry.raw : entry.raw + probe, 'latin1')

/** The statuses that are due: nobody serves a tunnel here. */
export const statusesOf = (entry: Entry): number[] => {
  const due = entry.expected.map((outcome) => {
    if (isRefused(outcome)) return outcome.status
    return outcome.method === 'CONNECT' ? 501 : 200
  })
  return isKept(entry) ? [...due, 200] : due
}

/** Does something with all of them, so many at a time. */
export const inParallel = async <Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next
      next += 1
      const item = items[index]
      if (item !== undefined) results[index] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}
