/**
 * From an address to a socket that is bound (`bindListener`) and listens (`listenAll`). The process that binds never
 * accepts: libuv cannot listen without polling, so listen(2) is called by a helper process that ends at once, and
 * the accept queue, which belongs to the socket, stays. Retrying is the caller's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { isIP } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { messageOf, ServerError } from '../errors.ts'
import type { Address, TcpAddress } from './address.ts'
import { bindFailure } from './failures.ts'
import { type Bound, bindTcp } from './handle.ts'
import { adoptDescriptor } from './inherit.ts'
import { type Listener, listenerOf } from './listener.ts'
import type { Standby } from './standby.ts'
import { bindUnixAddress, type UnixOptions } from './unix.ts'

export interface BindOptions extends UnixOptions {
  readonly reusePort: boolean
}

/** IPv4 before IPv6, as Gunicorn: a 'localhost' that turned into ::1 would not be found at 127.0.0.1. */
const resolveHost = async ({ host }: TcpAddress): Promise<string> => {
  if (isIP(host) !== 0) return host
  const { lookup } = await import('node:dns/promises')
  try {
    const found = await lookup(host, { all: true })
    const best = found.find(({ family }) => family === 4) ?? found[0]
    if (best !== undefined) return best.address
  } catch (cause) {
    throw new ServerError(
      'TSG_ADDRESS_INVALID',
      `bind: the host name '${host}' cannot be resolved: ${messageOf(cause)}. Use an IP address of this machine, or 0.0.0.0.`,
      { cause },
    )
  }
  throw new ServerError('TSG_ADDRESS_INVALID', `bind: the host name '${host}' has no address.`)
}

/** UV_TCP_REUSEPORT is of libuv 1.49; older ones would ignore the flag in silence. */
const requireReusePort = (): void => {
  const [major = 0, minor = 0] = (process.versions['uv'] ?? '').split('.').map(Number)
  if (major < 1 || (major === 1 && minor < 49))
    throw new ServerError(
      'TSG_PLATFORM',
      `reuse_port needs Node 22.12 or newer, this is ${process.version}. Leave it off: workers share one socket.`,
    )
}

const bindTcpListener = async (address: TcpAddress, reusePort: boolean): Promise<Listener> => {
  if (reusePort) requireReusePort()
  const ip = await resolveHost(address)
  let bound: Bound
  try {
    bound = bindTcp(ip, address.port, reusePort)
  } catch (thrown) {
    throw bindFailure(address, thrown, ip)
  }
  return listenerOf({ kind: 'tcp', host: ip, port: bound.name.port ?? address.port }, bound, false)
}

/**
 * Binds an address; a port 0 becomes the port the system chose, `fd://N` is adopted. It does not listen yet, and a
 * second server on the same port may be found only by `listenAll`.
 * Throws ServerError TSG_ADDRESS_IN_USE (with the process that listens), TSG_ADDRESS_REFUSED, TSG_ADDRESS_INVALID.
 */
export const bindListener = async (address: Address, options: BindOptions): Promise<Listener> => {
  if (address.kind === 'tcp') return bindTcpListener(address, options.reusePort)
  if (address.kind === 'fd') return adoptDescriptor(address.fd)
  return listenerOf(address, await bindUnixAddress(address, options), true)
}

/**
 * The whole helper. `process.binding` gives the bare handle 5 ms sooner than `node:net` does, which is the way that
 * remains where it is missing. It answers 'INDEX ERRNO' for the first descriptor that fails.
 * Arguments: the backlog, then per descriptor from 3 on 't' (TCP) or 'u' (unix).
 */
const helper = `const[,b,...k]=process.argv
const bad=(i,e)=>{process.stdout.write(i+' '+e);process.exit(9)}
let raw;try{const t=process.binding('tcp_wrap'),u=process.binding('pipe_wrap')
raw=k.map(x=>x==='u'?new u.Pipe(u.constants.SERVER):new t.TCP(t.constants.SERVER))}catch{raw=undefined}
if(raw){raw.forEach((h,i)=>{const e=h.open(3+i)||h.listen(+b);if(e)bad(i,e)});process.reallyExit(0)}
let n=k.length;k.forEach((_,i)=>require('net').createServer().on('error',e=>bad(i,e.errno)).listen({fd:3+i},+b,()=>{--n||process.exit(0)}))`

/** A helper that takes longer is stuck, and is killed. */
const helperDeadline = 10_000

interface Outcome {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

const outcomeOf = (child: ChildProcess): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, output }))
  })

const judge = (listeners: readonly Listener[], { code, signal, output }: Outcome): void => {
  if (code === 0) return
  const [, index = '', errno = ''] = /^(\d+) (-?\d+)$/.exec(output) ?? []
  const listener = listeners[Number(index === '' ? -1 : index)]
  if (listener === undefined)
    throw new ServerError(
      'TSG_ADDRESS_REFUSED',
      `The helper that calls listen(2) ended with ${signal ?? `status ${code}`}: is ${process.execPath} still there?`,
    )
  throw refusedListen(listener, Number(errno))
}

const refusedListen = ({ address }: Listener, errno: number): ServerError => {
  const code = getSystemErrorName(errno)
  return bindFailure(address, Object.assign(new Error(`listen ${code}`), { code }))
}

export interface ListenOptions {
  /** For the helper, without NODE_OPTIONS; empty unless Node needs LD_LIBRARY_PATH. */
  readonly env?: NodeJS.ProcessEnv
  /** A helper that is there already; tried first. */
  readonly standby?: Standby | undefined
}

/**
 * Calls listen(2) on all of them, in about the time of an empty Node process (22 ms here). Workers may be spawned
 * meanwhile: their own listen(2) on the same socket does no harm.
 * `backlog`: connections the kernel queues, bounded by net.core.somaxconn. Throws ServerError TSG_ADDRESS_IN_USE or TSG_ADDRESS_REFUSED, which
 * names the address.
 */
export const listenAll = async (
  listeners: readonly Listener[],
  backlog: number,
  { env = {}, standby }: ListenOptions = {},
): Promise<void> => {
  if (listeners.length === 0) return
  const outcome = (await standby?.listen(listeners, backlog)) ?? 'unable'
  if (outcome === 'listening') return
  if (outcome !== 'unable') throw refusedListen(outcome.listener, outcome.errno)
  const kinds = listeners.map(({ address }) => (address.kind === 'unix' ? 'u' : 't'))
  const child = spawn(process.execPath, ['-e', helper, String(backlog), ...kinds], {
    stdio: ['ignore', 'pipe', 'ignore', ...listeners.map(({ fd }) => fd)],
    env,
    timeout: helperDeadline,
    killSignal: 'SIGKILL',
  })
  try {
    judge(listeners, await outcomeOf(child))
  } catch (cause) {
    if (cause instanceof ServerError) throw cause
    throw new ServerError(
      'TSG_ADDRESS_REFUSED',
      `Cannot start ${process.execPath} to listen: ${messageOf(cause)}`,
      {
        cause,
      },
    )
  }
}
