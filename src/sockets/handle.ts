/**
 * Sockets that are bound and nothing more. libuv's handle of `node:net` does not listen, so that it never polls and
 * never accepts; it is the one `node:cluster` shares. `net.BoundSocket` is the public form of newer Nodes and takes
 * over where the former is missing. Knows no settings and no words for users: failures are system errors.
 */
import { closeSync } from 'node:fs'
import net from 'node:net'
import { getSystemErrorName } from 'node:util'

/** What `child.send(message, handle)` takes; the property `fd` is the descriptor. */
export interface RawHandle {
  readonly fd: number
  close(): void
  getsockname?(into: SocketName): number
}

export interface SocketName {
  address?: string
  port?: number
  family?: string
}

export interface Bound {
  readonly handle: object
  readonly fd: number
  readonly name: SocketName
  close(): void
}

interface BoundSocket {
  fd(): number
  address(): SocketName | string | null
  close(): void
}

interface Internals {
  readonly _createServerHandle?: (
    address: string | null,
    port: number,
    type: number,
    fd?: number,
    flags?: number,
  ) => RawHandle | number
  readonly BoundSocket?: new (options: Record<string, unknown>) => BoundSocket
}

const internals: Internals = net as unknown as Internals

/** UV_TCP_REUSEPORT of uv.h, from libuv 1.49 on. */
const reusePortFlag = 2

const systemError = (syscall: string, errno: number): Error => {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall })
}

const fromRaw = (raw: RawHandle | number, syscall: string): Bound => {
  if (typeof raw === 'number') throw systemError(syscall, raw)
  const name: SocketName = {}
  // uv_tcp_bind keeps EADDRINUSE to itself until the handle is used (delayed_error): getsockname tells it.
  const errno = raw.getsockname?.(name) ?? 0
  if (errno === 0) return { handle: raw, fd: raw.fd, name, close: () => raw.close() }
  raw.close()
  throw systemError(syscall, errno)
}

const fromBoundSocket = (options: Record<string, unknown>): Bound => {
  if (internals.BoundSocket === undefined) throw systemError('bind', -95)
  const socket = new internals.BoundSocket(options)
  const name = socket.address()
  return {
    handle: socket,
    fd: socket.fd(),
    name: typeof name === 'object' && name !== null ? name : {},
    close: () => socket.close(),
  }
}

/** Binds, without listening. Throws a system error (EADDRINUSE, EACCES, EADDRNOTAVAIL ...). */
export const bindTcp = (ip: string, port: number, reusePort = false): Bound =>
  internals._createServerHandle === undefined
    ? fromBoundSocket({ host: ip, port, reusePort })
    : fromRaw(
        internals._createServerHandle(ip, port, net.isIP(ip), undefined, reusePort ? reusePortFlag : 0),
        'bind',
      )

/** Binds a unix socket; the mode of its file follows the umask of the process. Throws a system error. */
export const bindUnix = (path: string): Bound =>
  internals._createServerHandle === undefined
    ? fromBoundSocket({ path })
    : fromRaw(internals._createServerHandle(path, -1, -1), 'bind')

/**
 * A handle for a descriptor the process was given. Throws when it is closed, or neither TCP nor a unix stream.
 * Where Node cannot do it, the descriptor alone is kept.
 */
export const openDescriptor = (fd: number): Bound => {
  if (internals._createServerHandle === undefined)
    return { handle: { fd }, fd, name: {}, close: () => closeSync(fd) }
  return fromRaw(internals._createServerHandle(null, 0, -1, fd), 'open')
}

/**
 * A handle for a descriptor of a connection, to be sent to another process: nothing reads from it. The descriptor is the
 * handle's from then on; when this throws, it stays the caller's.
 */
export const openConnection = (fd: number): RawHandle => {
  const raw = internals._createServerHandle?.(null, 0, -1, fd) ?? -95
  if (typeof raw === 'number') throw systemError('open', raw)
  return raw
}
