/**
 * Connections that rest: their client waits for nothing and has sent nothing that was read. Whoever has a copy of such a
 * connection's descriptor can go on with it in another process. Derived when it is asked for: requests pay nothing.
 */
import type { Socket } from 'node:net'

interface StreamHandle {
  readonly fd: number
  /** Bytes that the system has not taken yet. */
  readonly writeQueueSize: number
}

/** Libuv's handle of a TCP or unix socket; what TLS, or a stream of JavaScript's, has instead is none. */
const streamHandleOf = (socket: Socket): StreamHandle | undefined => {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null || !/^(TCP|Pipe)$/.test(handle.constructor.name))
    return undefined
  const { fd, writeQueueSize } = handle as Partial<StreamHandle>
  return typeof fd === 'number' && fd >= 0 && typeof writeQueueSize === 'number'
    ? { fd, writeQueueSize }
    : undefined
}

/** Undefined for a socket that has none of its own. */
export const descriptorOf = (socket: Socket): number | undefined => streamHandleOf(socket)?.fd

/** Whether all that was said on it has left, both sides are open, and nothing is spoken beneath HTTP. */
export const owesNothing = (socket: Socket): boolean =>
  !socket.destroyed &&
  socket.writable &&
  !socket.readableEnded &&
  socket.readableLength === 0 &&
  socket.writableLength === 0 &&
  streamHandleOf(socket)?.writeQueueSize === 0
