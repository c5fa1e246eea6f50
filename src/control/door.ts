/**
 * An address that an HTTP server of this process accepts on: bound, or taken over as a descriptor. The sockets of
 * applications are another matter (sockets/listen.ts): the master never accepts on those.
 */
import type { Server } from 'node:net'
import { type Address, formatAddress } from '../sockets/address.ts'
import { bindFailure } from '../sockets/failures.ts'
import { OwnFile, openSocket } from './socket.ts'

export interface Opening {
  readonly address: Address
  /** Of a unix socket's file. */
  readonly mode: number
}

export class Door {
  readonly opening: Opening
  readonly #server: Server
  #file: OwnFile | undefined

  constructor(server: Server, opening: Opening) {
    this.#server = server
    this.opening = opening
  }

  /** With the port that the system chose. */
  get name(): string {
    const { address } = this.opening
    const bound = this.#server.address()
    if (address.kind !== 'tcp' || bound === null || typeof bound === 'string') return formatAddress(address)
    return formatAddress({ kind: 'tcp', host: bound.address, port: bound.port })
  }

  /** While it is open. Node has no public name for it. */
  get fd(): number | undefined {
    const { _handle: handle } = this.#server as { readonly _handle?: { readonly fd?: number } | null }
    return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
  }

  /** Throws ServerError TSG_ADDRESS_*. */
  async bind(): Promise<void> {
    const { address, mode } = this.opening
    if (address.kind === 'fd') return this.take(address.fd)
    if (address.kind === 'unix') {
      await openSocket(address.path, mode, this.#server)
      this.#file = new OwnFile(address.path)
    } else await this.#listen({ host: address.host, port: address.port, exclusive: true })
  }

  /** Accepts on a socket that listens already. Throws ServerError TSG_ADDRESS_REFUSED when it is none. */
  async take(fd: number): Promise<void> {
    const { address } = this.opening
    await this.#listen({ fd })
    if (address.kind === 'unix') this.#file = new OwnFile(address.path)
  }

  /** Accepts no more; requests in hand are answered. `shared`: the path stays, for who goes on with the socket. */
  close(shared: boolean): void {
    if (!shared) this.#file?.unlink()
    this.#server.close()
    if ('closeIdleConnections' in this.#server && typeof this.#server.closeIdleConnections === 'function')
      this.#server.closeIdleConnections()
  }

  #listen(options: Parameters<Server['listen']>[0]): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (thrown: unknown) => reject(bindFailure(this.opening.address, thrown))
      this.#server.once('error', failed)
      this.#server.listen(options, () => {
        this.#server.off('error', failed)
        // Accepting may fail (no descriptors left); the next connection may succeed.
        this.#server.on('error', () => undefined)
        resolve()
      })
    })
  }
}
