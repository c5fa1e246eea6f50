/**
 * Where a connection's bytes come from. Accepted handles are read into one buffer that all connections share
 * (`onread`, a public option of net.Socket): no chunk is allocated, and no readable stream works, for bytes that the
 * parser looks at once. Sockets that were made by others (TLS, PROXY protocol) are listened to.
 */
import { Socket, type SocketConstructorOpts } from 'node:net'
import { noteStatus } from '../upgrade-status.ts'

/** What happens on a socket. */
export interface Receiver {
  /** Whether it wants to be told of more bytes. */
  readonly flowing: boolean
  /** Bytes came: 0 to `end` of `buffer`. `shared`: they are overwritten by the next read of any connection. */
  received(buffer: Buffer, end: number, shared: boolean): void
  /** The client sends no more. */
  ended(): void
  drained(): void
  closed(): void
}

const receiver = Symbol('tsgunicorn.receiver')
/** Whether it reads into the buffer that all share. */
const readsShared = Symbol('tsgunicorn.readsShared')
/** How many times in a row a read filled the buffer. */
const inARow = Symbol('tsgunicorn.inARow')
/** Bytes that the receiver has had, and is done with. */
const received = Symbol('tsgunicorn.received')
type Tracked = Socket & {
  [receiver]?: Receiver | undefined
  [readsShared]?: boolean
  [inARow]?: number
  [received]?: number
}

const readBuffer = Buffer.allocUnsafeSlow(65_536)
/** Full buffers that one client is read before others have their turn. */
const mostInARow = 4

function onRead(this: Tracked, count: number): boolean {
  const to = this[receiver]
  // One that was given up reads as any other socket does.
  if (to === undefined) return this.push(Buffer.from(readBuffer.subarray(0, count)))
  to.received(readBuffer, count, true)
  this[received] = (this[received] ?? 0) + count
  return count < readBuffer.length || this.destroyed || goesOn(this)
}

/** Whether to read on at once where there may be more: up to 2 MB of a client that floods would be read in a turn. */
const goesOn = (socket: Tracked): boolean => {
  const count = (socket[inARow] ?? 0) + 1
  socket[inARow] = count % mostInARow
  if (count < mostInARow) return true
  setImmediate(readOn, socket)
  return false
}

function readOn(socket: Tracked): void {
  if (socket[receiver]?.flowing && !socket.destroyed) socket.resume()
}

function onData(this: Tracked, chunk: Buffer): void {
  this[receiver]?.received(chunk, chunk.length, false)
  this[received] = (this[received] ?? 0) + chunk.length
}

function onEnd(this: Tracked): void {
  this[receiver]?.ended()
}

function onDrain(this: Tracked): void {
  this[receiver]?.drained()
}

function onClose(this: Tracked): void {
  this[receiver]?.closed()
}

/** A client's connection that breaks is the client's affair: 'close' follows, and tells all there is to know. */
function onError(this: Tracked): void {
  this.destroy()
}

/** A socket of an accepted handle (which node's own servers know, and make sockets of), read into the shared buffer. */
export const openHandle = (handle: object): Socket => {
  const options = { handle, allowHalfOpen: true, onread: { buffer: readBuffer, callback: onRead } }
  const socket: Tracked = new Socket(options as unknown as SocketConstructorOpts)
  socket[readsShared] = true
  socket[received] = 0
  return socket
}

/** Has everything on `socket` told to `to`. */
export const receive = (socket: Tracked, to: Receiver): void => {
  socket[receiver] = to
  socket.on('end', onEnd).on('drain', onDrain).on('close', onClose).on('error', onError)
  // Those who had it before may have left it paused.
  if (!socket[readsShared]) socket.on('data', onData).resume()
}

/**
 * Ends both sides behind what was written. Where the system has taken all of that, closing is enough to have it sent
 * and to say the end; TLS has its own farewell.
 */
export const closeBehind = (socket: Tracked): void => {
  if (socket[readsShared] && socket.writableLength === 0) socket.destroy()
  else socket.destroySoon()
}

/** Whether the receiver is done with all that was read: none of it is on its way there, and no call of it under way. */
export const isAllReceived = (socket: Tracked): boolean => socket.bytesRead === (socket[received] ?? 0)

/** Gives a socket up for another protocol: not flowing until someone listens, and nobody of ours does. */
const release = (socket: Tracked): void => {
  socket[receiver] = undefined
  socket.pause()
  Reflect.set(socket, 'readableFlowing', null)
  // 'error' is heard on: until someone else listens, a client that breaks off must not end the process.
  socket.off('data', onData).off('end', onEnd).off('drain', onDrain).off('close', onClose)
}

/** Gives a socket to the application for another protocol; the status that it writes is the exchange's. */
export const handOver = (socket: Socket, exchange: { status: number }, closed: () => void): void => {
  release(socket)
  noteStatus(socket, (status) => {
    exchange.status = status
  })
  socket.once('close', closed)
}

/** Bytes that the system has not taken yet: libuv's where it tells them, else the socket's own. */
export const unsent = (socket: Socket): number => {
  const handle: unknown = Reflect.get(socket, '_handle')
  const queued: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : undefined
  return typeof queued === 'number' && queued > 0 ? queued : socket.writableLength
}
