/**
 * The step that speaks TLS: it takes an accepted socket and delivers the one that is secure. The handshake, and what
 * becomes of it, is left to a server of node:tls that never listens; certificates are given to it, not looked for.
 */
import type { Socket } from 'node:net'
import { createServer, type SecureContext, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import type { IntakeContext, IntakeStep } from './intake.ts'
import { noteProxied, proxiedOf } from './proxied.ts'
import { contextFor, type ServerNames } from './tls-names.ts'
import { answerPlain, kindOfStart, peek, plainReason } from './tls-plain.ts'
import { handshakeWords, isGone, unverifiedWords } from './tls-words.ts'

export interface TlsStepOptions {
  /** Node's options: certificate, key, ciphers, versions, whether clients are asked for a certificate. */
  readonly options: TlsOptions
  /** Made elsewhere: it takes the place of what `options` says of certificates, ciphers and versions. */
  readonly context?: SecureContext | undefined
  /** Contexts for server names; other names get the default. */
  readonly names?: ServerNames<SecureContext>
  /** Refuses a client's certificate that does not verify, also where none is required. */
  readonly refuseUnverified?: boolean
}

/** One socket on its way. */
interface Arrival {
  readonly raw: Socket
  readonly deliver: (socket: Socket) => void
  readonly refuse: (reason: string) => void
  readonly timer: NodeJS.Timeout | undefined
}

/**
 * The server as one arrival's: node emits what becomes of a handshake on the server that took the connection, and
 * nothing else says whose it was.
 */
const arrivalKey = Symbol('tsgunicorn.arrival')
type View = Server & { readonly [arrivalKey]?: Arrival }

/** Throws node's error when a certificate, a key or the ciphers cannot be used. */
export const tlsStep = (options: TlsStepOptions): IntakeStep => {
  const server = serverOf(options)
  return (raw, deliver, context) => {
    const arrival = arrive(raw, deliver, context)
    // Whoever resets the connection is gone; 'close' follows.
    raw.on('error', () => clearTimeout(arrival.timer))
    raw.once('close', () => clearTimeout(arrival.timer))
    peek(raw, (bytes) => begin(server, arrival, bytes))
  }
}

const arrive = (
  raw: Socket,
  deliver: Arrival['deliver'],
  { onRefused, timeoutMs }: IntakeContext,
): Arrival => {
  const address = raw.remoteAddress ?? ''
  const refuse = (reason: string): void => onRefused(reason, address)
  const late = (): void => {
    // Who never said a word asked for nothing.
    if (raw.bytesRead > 0) refuse(`TLS handshake: not done within ${timeoutMs} ms`)
    raw.destroy()
  }
  return { raw, deliver, refuse, timer: timeoutMs > 0 ? setTimeout(late, timeoutMs).unref() : undefined }
}

const begin = (server: Server, arrival: Arrival, bytes: Buffer): void => {
  const kind = kindOfStart(bytes)
  if (kind === 'tls') {
    shake(server, arrival)
    return
  }
  clearTimeout(arrival.timer)
  arrival.refuse(kind === 'http' ? plainReason : 'neither TLS nor HTTP was sent to a TLS port')
  if (kind === 'http') answerPlain(arrival.raw)
  else arrival.raw.destroy()
}

/** Until it is secure, a client that ends its side has left; the TLS socket takes that over from the raw one. */
const shake = (server: Server, arrival: Arrival): void => {
  const { raw } = arrival
  const view: View = Object.create(server, { [arrivalKey]: { value: arrival } })
  raw.allowHalfOpen = false
  Reflect.apply(server.emit, view, ['connection', raw])
  raw.allowHalfOpen = true
}

const serverOf = ({ options, context, names, refuseUnverified = false }: TlsStepOptions): Server => {
  const server = createServer({
    ...options,
    ...(names && names.size > 0 ? { SNICallback: answerName(names) } : {}),
    ALPNProtocols: ['http/1.1'],
  })
  // No public way gives a server a context that is made already.
  if (context) Object.assign(server, { _sharedCreds: context })
  server.on('secureConnection', function (this: View, socket) {
    secured(this[arrivalKey], socket, refuseUnverified)
  })
  server.on('tlsClientError', function (this: View, error, socket) {
    failed(this[arrivalKey], error, socket)
  })
  return server
}

const answerName =
  (names: ServerNames<SecureContext>): NonNullable<TlsOptions['SNICallback']> =>
  (name, done) =>
    done(null, contextFor(names, name))

const secured = (arrival: Arrival | undefined, socket: TLSSocket, refuseUnverified: boolean): void => {
  if (!arrival) return void socket.destroy()
  clearTimeout(arrival.timer)
  const { authorizationError: wrong } = socket
  if (refuseUnverified && wrong && socket.getPeerX509Certificate() !== undefined) {
    arrival.refuse(unverifiedWords(wrong))
    socket.destroy()
    return
  }
  socket.allowHalfOpen = true
  nameAlike(arrival.raw, socket)
  const proxied = proxiedOf(arrival.raw)
  if (proxied) noteProxied(socket, proxied)
  arrival.deliver(socket)
}

const failed = (arrival: Arrival | undefined, error: Error, socket: TLSSocket): void => {
  clearTimeout(arrival?.timer)
  // Node destroys the socket of a client whose certificate it does not accept, and says no more than this.
  if (socket.authorizationError) arrival?.refuse(unverifiedWords(socket.authorizationError))
  else if (!isGone(error)) arrival?.refuse(handshakeWords(error))
  socket.destroy()
  arrival?.raw.destroy()
}

/** A TLS socket asks the kernel who its peer is; a step before this one may know better (PROXY protocol). */
const nameAlike = (raw: Socket, socket: TLSSocket): void => {
  for (const name of ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort'] as const) {
    if (Object.hasOwn(raw, name)) Object.defineProperty(socket, name, { get: () => raw[name] })
  }
}
