/** What a PROXY header said of the address that a client connected to: noted on its socket, for whoever asks later. */
import type { Socket } from 'node:net'

export interface Proxied {
  readonly protocol: 'TCP4' | 'TCP6'
  readonly address: string
  readonly port: number
}

const proxied = Symbol('tsgunicorn.proxied')
type Noted = Socket & { [proxied]?: Proxied }

export const noteProxied = (socket: Noted, destination: Proxied): void => {
  socket[proxied] = destination
}

/** undefined without a header, and with one that left the connection's own addresses as they are. */
export const proxiedOf = (socket: Noted): Proxied | undefined => socket[proxied]
