/** Who is at the other end of a connection, as the kernel tells. */
import type { Socket } from 'node:net'
import type { Peer } from '../../control/peer.ts'
import { peerCredentials } from '../../system/libc.ts'

/** Undefined where the kernel cannot be asked. Node has no public name for a connection's descriptor. */
export function peerOf(socket: Socket): Peer | undefined {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: number } | null }
  return handle?.fd === undefined || handle.fd < 0 ? undefined : peerCredentials(handle.fd)
}
