/**
 * The step that takes a PROXY protocol header off a connection and gives its socket the client's address. What the
 * header may be, proxy-protocol.ts says; here is only the socket. It knows no HTTP.
 */
import type { Socket } from 'node:net'
import { errorResponse } from '../answers.ts'
import { compileTrust, plainAddress } from '../forwarded.ts'
import type { IntakeContext, IntakeStep } from './intake.ts'
import { noteProxied } from './proxied.ts'
import { type Endpoint, type ProxyHeader, type ProxyMode, readProxyHeader } from './proxy-protocol.ts'

export interface ProxyStepOptions {
  readonly mode: ProxyMode
  /** Peers that must send a header: addresses, CIDR blocks, or `*`; peers on unix sockets are among them. */
  readonly allowIps: readonly string[]
}

/** How long a refused peer may still send before its bytes are met with a reset, which may overtake the answer. */
const lingerMs = 1000

/**
 * A step by these options. A peer that is allowed must send a header, as the specification forbids to guess; from
 * any other nothing is taken, and a header of theirs is a malformed request. Throws ServerError for an allowed peer
 * that is no address.
 */
export const createProxyStep = ({ mode, allowIps }: ProxyStepOptions): IntakeStep => {
  const trust = compileTrust(allowIps, 'proxy_allow_ips')
  return (socket, deliver, context) => {
    const peer = socket.remoteAddress
    // A TCP peer without an address is gone; it must not be taken for one on a unix socket.
    if (peer === undefined && socket.localAddress !== undefined) socket.destroy()
    else if (trust.trusts(peer ?? '')) new Arrival({ socket, deliver, context, mode })
    else deliver(socket)
  }
}

interface ArrivalOptions {
  readonly socket: Socket
  readonly deliver: (socket: Socket) => void
  readonly context: IntakeContext
  readonly mode: ProxyMode
}

/** One connection whose header is on its way. */
class Arrival {
  readonly #options: ArrivalOptions
  readonly #peer: string
  readonly #timer: NodeJS.Timeout | undefined
  #bytes: Buffer = Buffer.alloc(0)

  constructor(options: ArrivalOptions) {
    this.#options = options
    const { socket, context } = options
    this.#peer = plainAddress(socket.remoteAddress ?? '')
    // From the start, whatever comes meanwhile: a header is sent at once.
    if (context.timeoutMs > 0) this.#timer = setTimeout(this.#late, context.timeoutMs).unref()
    socket
      .on('readable', this.#read)
      .on('end', this.#short)
      .on('error', this.#failed)
      .on('close', this.#release)
  }

  /** Reads by 'readable': what is given back with unshift() comes again, in order, for whoever is next. */
  readonly #read = (): void => {
    const { socket, mode } = this.#options
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const reading = readProxyHeader(this.#bytes, mode)
    if (reading.is === 'more') return
    if (reading.is === 'header') this.#done(reading.header, reading.length)
    else this.#refuse(reading.reason)
  }

  /** In the same turn: an end of the stream that is already on its way is for whoever is next, too. */
  #done(header: ProxyHeader, length: number): void {
    const { socket, deliver } = this.#options
    this.#release()
    if (this.#bytes.length > length) socket.unshift(this.#bytes.subarray(length))
    if (header.ends) {
      namePeer(socket, header.ends.source)
      const { address, port, family } = header.ends.destination
      noteProxied(socket, { protocol: family === 'IPv4' ? 'TCP4' : 'TCP6', address, port })
    }
    deliver(socket)
  }

  #refuse(reason: string): void {
    const { socket, context, mode } = this.#options
    this.#release()
    const setting = `proxy_protocol is ${mode}, and the peer is in proxy_allow_ips`
    context.onRefused(`${reason} (${setting})`, this.#peer)
    socket.on('error', this.#failed)
    socket.end(errorResponse(400), 'latin1')
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
    socket.once('end', () => socket.destroySoon()).once('close', () => clearTimeout(timer))
    socket.resume()
  }

  readonly #late = (): void => this.#cut('the PROXY header did not come in time')
  readonly #short = (): void => this.#cut('the connection ended within its PROXY header')

  /** Whoever sent nothing asked for nothing: balancers look whether a port is open in this way. */
  #cut(reason: string): void {
    const { socket, context } = this.#options
    this.#release()
    if (this.#bytes.length > 0) context.onRefused(reason, this.#peer)
    socket.on('error', this.#failed).destroy()
  }

  /** The peer is gone, and nothing was begun for it; 'close' follows. */
  readonly #failed = (): void => clearTimeout(this.#timer)

  /** Lets go of the socket. */
  readonly #release = (): void => {
    clearTimeout(this.#timer)
    const { socket } = this.#options
    socket
      .off('readable', this.#read)
      .off('end', this.#short)
      .off('error', this.#failed)
      .off('close', this.#release)
  }
}

/** Has a socket report this peer as its own, to everyone. */
const namePeer = (socket: Socket, { address, port, family }: Endpoint): void => {
  const named = (value: string | number) => ({ value, configurable: true, enumerable: true, writable: true })
  Object.defineProperties(socket, {
    remoteAddress: named(address),
    remotePort: named(port),
    remoteFamily: named(family),
  })
}
