/**
 * The last place in the queue of a TCP socket that nobody will listen on again. Between the last look at the queue
 * and close(2) somebody may always come, and is then reset by the kernel with the request he sent. So the queue is
 * made as short as it can be, which is one connection, and that one is ours: the SYN of whoever else comes is dropped,
 * and when he asks again he is refused.
 *
 * It knows sockets and nothing of HTTP, nor when it is time. Linux only: elsewhere a backlog of 0 means the longest,
 * and nothing is done.
 */
import { connect, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isHandshakePending, type Place } from './handshakes.ts'

interface TcpHandle {
  listen(backlog: number): number
}

/** TCP only: a full unix socket answers EAGAIN, which nobody expects, and its path is gone before anyway. */
const isTcp = (handle: unknown): handle is TcpHandle =>
  typeof handle === 'object' && handle?.constructor.name === 'TCP' && 'listen' in handle

const handleOf = (server: Server): TcpHandle | undefined => {
  const handle: unknown = process.platform === 'linux' && Reflect.get(server, '_handle')
  return isTcp(handle) ? handle : undefined
}

/** Sets how many may wait: listen(2) on a socket that listens changes its backlog, for all processes that have it. */
export const setBacklog = (servers: readonly Server[], backlog: number): void => {
  for (const server of servers) handleOf(server)?.listen(backlog)
}

/** Where this machine reaches it: containers often have no IPv6 address, not even ::1, and listen on :: all the same. */
const nearby = (address: string): string => {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (address !== '::') return address
  const all = Object.values(networkInterfaces()).flat()
  return all.some((known) => known?.address === '::1') ? '::1' : '127.0.0.1'
}

/** Where it listens; undefined for what has no place to be taken. */
const placeOf = (server: Server): Place | undefined => {
  const name = handleOf(server) && server.address()
  return name && typeof name !== 'string' ? { host: name.address, port: name.port } : undefined
}

/** Whether the kernel has connected it: asked of the handle, as node is told a turn of the loop later. */
const isConnected = (socket: Socket): boolean => {
  const handle: unknown = Reflect.get(socket, '_handle')
  const ask: unknown = typeof handle === 'object' && handle !== null && Reflect.get(handle, 'getpeername')
  return typeof ask === 'function' && Reflect.apply(ask, handle, [{}]) === 0
}

/** Where no name has to be looked up node connects in the next tick, and the kernel within the call. */
const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

export interface LastPlaces {
  /**
   * 'ours': nobody but us is in a queue, and nobody on his way into one. 'awaited': nobody is in one, but somebody is
   * on his way, and will be there when his client sends again (Linux: 200 ms later). 'others': somebody is in a queue.
   */
  readonly held: 'ours' | 'awaited' | 'others'
  /** Gives up what was taken. A queue that is not closed meanwhile has a guest who leaves without a word. */
  leave(): void
}

/**
 * Takes the last place of each of these servers, whose backlog is 0 from now on. Resolves within the same turn of the
 * loop: no connection is accepted before the servers are closed by whoever goes on from here at once.
 */
export const takeLastPlaces = async (servers: readonly Server[]): Promise<LastPlaces> => {
  setBacklog(servers, 0)
  const places = servers.map(placeOf).filter((place) => place !== undefined)
  // A guest who finds no room, or whose queue is closed, is told so by an error.
  const guests = places.map(({ host, port }) =>
    connect({ host: nearby(host), port }).on('error', () => undefined),
  )
  await tick()
  const leave = (): void => {
    for (const guest of guests) guest.destroy()
  }
  if (!guests.every(isConnected)) return { held: 'others', leave }
  // Also when a guest's own handshake is not over, as another was quicker.
  return { held: isHandshakePending(places) ? 'awaited' : 'ours', leave }
}
