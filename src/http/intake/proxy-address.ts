/** One spelling for each IP address, whoever wrote it. Pure. */
import { SocketAddress } from 'node:net'
import { plainAddress } from '../forwarded.ts'

/**
 * The canonical text (RFC 5952) of a valid IPv4 or IPv6 address without a zone; what is mapped from IPv4 becomes
 * IPv4. Throws node's ERR_INVALID_ADDRESS for anything else.
 */
export const canonicalAddress = (address: string): string =>
  address.includes(':') ? plainAddress(new SocketAddress({ address, family: 'ipv6' }).address) : address
