/** Who is at the other end of a connection, whether its word is taken, and what its fields are taken for. */
import type { Socket } from 'node:net'
import { plainAddress } from '../forwarded.ts'
import type { HeaderBlock } from '../h1/header-block.ts'
import { type Proxied, proxiedOf } from '../intake/proxied.ts'
import { type Admission, type Admitted, isRefused } from './admission.ts'
import type { Guest } from './types.ts'

export class Visitor implements Guest {
  readonly #socket: Socket
  readonly #admission: Admission
  #address: string | undefined
  #trusted: boolean | undefined
  /** The last block of fields that was judged in order, and what the application sees of it. */
  #judged: HeaderBlock | undefined
  #visible: HeaderBlock | undefined
  memory: unknown = undefined

  constructor(socket: Socket, admission: Admission) {
    this.#socket = socket
    this.#admission = admission
  }

  /** Empty for unix sockets. Asked of the system once, and only while the socket is open. */
  get address(): string {
    this.#address ??= plainAddress(this.#socket.remoteAddress ?? '')
    return this.#address
  }

  get proxied(): Proxied | undefined {
    return proxiedOf(this.#socket)
  }

  /** Whether its word about the client is taken. */
  get trusted(): boolean {
    this.#trusted ??= this.#admission.trust.trusts(this.address)
    return this.#trusted
  }

  readonly #isTrusted = (): boolean => this.trusted

  /** The fields the application may see, or why it may see none. */
  admit(fields: HeaderBlock): Admitted {
    if (fields === this.#judged && this.#visible) return this.#visible
    const admitted = this.#admission.admit(fields, this.#isTrusted)
    if (!isRefused(admitted)) {
      this.#judged = fields
      this.#visible = admitted
    }
    return admitted
  }

  /** The fields that were judged last are not to be kept for the next request. */
  forget(): void {
    this.memory = undefined
    this.#judged = undefined
    this.#visible = undefined
  }

  scheme(fields: HeaderBlock): 'http' | 'https' {
    const encrypted = 'encrypted' in this.#socket && this.#socket.encrypted === true
    return this.#admission.scheme(fields, this.#isTrusted, encrypted ? 'https' : 'http')
  }

  /** The client's address, through trusted proxies. */
  client(fields: HeaderBlock): string {
    return this.#admission.client(fields, this.#isTrusted, this.address)
  }
}
