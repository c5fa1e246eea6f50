/**
 * Clients that mean harm, as data: what each sends, how fast, and whether it reads. One function lets loose any number
 * of them and tells how each was ended. They use plain sockets and know nothing of the server but its port.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface Offence {
  readonly name: string
  /** Sent at once. */
  readonly opening: string
  /** Sent again and again: as fast as it is taken, or a piece every so many milliseconds. */
  readonly repeats?: { readonly text: string; readonly every?: number }
  /** Whether the client says at once that it has said all (FIN). */
  readonly finishes?: boolean
  /** Whether it takes what it is sent. */
  readonly reads: boolean
}

const post = (fields: string): string => `POST /echo HTTP/1.1\r\nHost: x\r\n${fields}\r\n`
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const chunked = post('Transfer-Encoding: chunked\r\n')
const pad = 'a'.repeat(1000)

/** `/large` must answer far more than sockets buffer; `/echo` reads its body. */
export const offences: readonly Offence[] = [
  { name: 'sends nothing', opening: '', reads: true },
  { name: 'half a head, then nothing', opening: 'GET / HTTP/1.1\r\nHost: x\r\n', reads: true },
  { name: 'half a head, then FIN', opening: 'GET / HTTP/1.1\r\nHost: x\r\n', finishes: true, reads: true },
  {
    name: 'a head, a byte at a time',
    opening: 'GET / HTTP/1.1\r\nX-A: ',
    repeats: { text: 'a', every: 1000 },
    reads: true,
  },
  {
    name: 'a field at a time',
    opening: 'GET / HTTP/1.1\r\n',
    repeats: { text: 'X-A: b\r\n', every: 700 },
    reads: true,
  },
  { name: 'empty lines without end', opening: '', repeats: { text: '\r\n'.repeat(500) }, reads: true },
  { name: 'an empty line at a time', opening: '', repeats: { text: '\r\n', every: 500 }, reads: true },
  { name: 'a request line without end', opening: 'GET /', repeats: { text: pad }, reads: true },
  {
    name: 'a field without end',
    opening: 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ',
    repeats: { text: pad },
    reads: true,
  },
  {
    name: 'fields without end',
    opening: 'GET / HTTP/1.1\r\nHost: x\r\n',
    repeats: { text: 'X-A: b\r\n'.repeat(100) },
    reads: true,
  },
  { name: 'no body', opening: post('Content-Length: 1000\r\n'), reads: true },
  {
    name: 'half a body, then FIN',
    opening: `${post('Content-Length: 1000\r\n')}abc`,
    finishes: true,
    reads: true,
  },
  {
    name: 'a body, a byte at a time',
    opening: post('Content-Length: 100000\r\n'),
    repeats: { text: 'a', every: 500 },
    reads: true,
  },
  {
    name: 'chunks, a byte at a time',
    opening: chunked,
    repeats: { text: '1\r\na\r\n', every: 500 },
    reads: true,
  },
  { name: 'a chunk extension without end', opening: `${chunked}5;`, repeats: { text: pad }, reads: true },
  {
    name: 'small chunk extensions without end',
    opening: chunked,
    repeats: { text: `1;${'e'.repeat(50)}\r\na\r\n`.repeat(20) },
    reads: true,
  },
  {
    name: 'trailers without end',
    opening: `${chunked}0\r\n`,
    repeats: { text: 'X-A: b\r\n'.repeat(100) },
    reads: true,
  },
  {
    name: 'a trailer, a byte at a time',
    opening: `${chunked}0\r\nX-A: `,
    repeats: { text: 'a', every: 500 },
    reads: true,
  },
  { name: 'a large answer that nobody reads', opening: get('/large'), reads: false },
  {
    name: 'requests without end, answers unread',
    opening: '',
    repeats: { text: get('/').repeat(50) },
    reads: false,
  },
  {
    name: 'requests of much without end, answers unread',
    opening: '',
    repeats: { text: get('/much').repeat(50) },
    reads: false,
  },
  { name: 'an answered request, then nothing', opening: get('/'), reads: true },
]

export interface Ended {
  readonly name: string
  /** Milliseconds until the server closed; undefined: it did not within the patience. */
  readonly after: number | undefined
  /** Status of the first answer; '' when there was none, or nobody read it. */
  readonly status: string
  readonly bytesSent: number
}

/** Writes while it is taken, and again when the kernel takes more. */
const flood = (socket: Socket, text: string): void => {
  const more = () => {
    // One piece a turn keeps this process able to notice the others.
    if (!socket.destroyed && socket.writable && socket.write(text, 'latin1')) setImmediate(more)
  }
  socket.on('drain', more)
  more()
}

const repeat = (socket: Socket, { repeats }: Offence): void => {
  if (repeats === undefined) return
  const { text, every } = repeats
  if (every === undefined) {
    flood(socket, text)
    return
  }
  const timer = setInterval(() => socket.writable && socket.write(text, 'latin1'), every)
  socket.once('close', () => clearInterval(timer))
}

/**
 * Without reading, a closed connection shows when it is written to, or by its state: so a client that does not read
 * looks, once in a while, whether its peer has gone, by reading at most what has come by then.
 */
const look = (socket: Socket): void => {
  const timer = setInterval(() => socket.write('\r\n'), 500)
  socket.once('close', () => clearInterval(timer))
}

/** Commits an offence on a connection of its own; resolves when the server has ended it, or after `patience` ms. */
export const commit = (port: number, offence: Offence, patience: number): Promise<Ended> =>
  new Promise((resolve) => {
    const began = performance.now()
    let head = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const end = (after: number | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({
        name: offence.name,
        after,
        status: /^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? '',
        bytesSent: socket.bytesWritten,
      })
    }
    const timer = setTimeout(() => end(undefined), patience)
    const gone = () => end(Math.round(performance.now() - began))
    // How it ends (FIN, RST, EPIPE) is the server's choice here.
    socket.on('error', gone).on('end', gone).on('close', gone)
    socket.once('connect', () => {
      if (offence.opening !== '') socket.write(offence.opening, 'latin1')
      if (offence.finishes) socket.end()
      repeat(socket, offence)
      if (offence.reads)
        socket.on('data', (piece: Buffer) => {
          if (head.length < 16) head += piece.toString('latin1', 0, 16)
        })
      else look(socket.pause())
    })
  })

/** What the server must serve to be attacked; `/large` is 20 MB, `/much` 256 KB. */
export const victims = {
  node: `const large = Buffer.alloc(20_000_000, 120)
export default (req, res) => {
  if (req.url === '/large') return res.end(large)
  if (req.url === '/much') return res.end(large.subarray(0, 262_144))
  if (req.method !== 'POST') return res.end('hello')
  let size = 0
  req.on('data', (piece) => { size += piece.length }).on('end', () => res.end(String(size)))
}
`,
  fetch: `const large = new Uint8Array(20_000_000).fill(120)
export default {
  async fetch(request) {
    if (request.url.endsWith('/large')) return new Response(large)
    if (request.url.endsWith('/much')) return new Response(large.subarray(0, 262_144))
    if (request.method !== 'POST') return new Response('hello')
    try {
      let size = 0
      for await (const piece of request.body) size += piece.length
      return new Response(String(size))
    } catch {
      return new Response('cut', { status: 400 })
    }
  },
}
`,
} as const

/** Settings under which each offence ends soon. */
export const shortPatience = {
  keepalive: 2,
  header_timeout: 2,
  body_timeout: 2,
  write_timeout: 2,
  worker_connections: 20_000,
} as const

/** What a process of hostile clients is to do: so many idle ones, or so many of each offence (all, or those named). */
export interface HostilePlan {
  readonly port: number
  readonly idle?: number
  readonly names?: readonly string[]
  readonly each: number
  /** Milliseconds. */
  readonly patience: number
}

export type HostileNews =
  | { readonly type: 'idle'; readonly open: number }
  | { readonly type: 'ended'; readonly ended: readonly Ended[] }

const entry = fileURLToPath(new URL('./hostile-main.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

/** Lets them loose; `news` resolves with what became of them. The caller ends the process by `stop`. */
export const loose = (
  plan: HostilePlan,
): { readonly news: Promise<HostileNews>; readonly stop: () => void } => {
  // Ten thousand sockets are more than a shell's usual limit. Hostile clients have machines of their own: nice.
  const command = 'ulimit -n 30000 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec nice -n 10 "$@"'
  const child = spawn(
    'sh',
    ['-c', command, 'sh', process.execPath, '--import', tsx, entry, JSON.stringify(plan)],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  const news = new Promise<HostileNews>((resolve, reject) => {
    child.once('message', (message) => resolve(message as HostileNews))
    child.once('exit', (code, signal) => reject(new Error(`the hostile clients ended: ${code ?? signal}`)))
  })
  const stop = (): void => {
    // An end that was asked for is no news: a test that failed has stopped waiting for any.
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
  }
  return { news, stop }
}
