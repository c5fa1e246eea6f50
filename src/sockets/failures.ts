/**
 * Words for what the operating system answers to bind(2) and listen(2). It may look up who holds an address; it
 * changes nothing.
 */
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { type Address, addressText, formatAddress } from './address.ts'
import { type Holder, holderOf, tcpHolder, unixTable } from './tables.ts'

/** Gunicorn's way of writing an address in its errors, that of Python's tuples and strings. */
const asGunicorn = (address: Address): string =>
  address.kind === 'tcp' ? `('${address.host}', ${address.port})` : addressText(address)

const held = (holder: Holder | undefined): string =>
  holder === undefined
    ? 'Another process listens there (it belongs to another user, or cannot be seen). '
    : `Process ${holder.pid} (${holder.command.slice(0, 120)}) listens there. `

const unixHolder = (path: string): Holder | undefined =>
  holderOf(
    new Set(
      unixTable()
        .filter((row) => row.listening && (row.path === path || row.path.startsWith(`${path}.`)))
        .map(({ inode }) => inode),
    ),
  )

/** TSG_ADDRESS_IN_USE, with the process that listens where it can be found. `ip`: the resolved host. */
export const inUse = (address: Address, cause: unknown, ip?: string): ServerError => {
  const holder =
    address.kind === 'tcp'
      ? tcpHolder(ip ?? address.host, address.port)
      : address.kind === 'unix'
        ? unixHolder(address.path)
        : undefined
  return new ServerError(
    'TSG_ADDRESS_IN_USE',
    `Connection in use: ${asGunicorn(address)}. ${held(holder)}Stop it, or bind another address.`,
    { cause, subject: asGunicorn(address) },
  )
}

const refusals: Readonly<Record<string, string>> = {
  EACCES:
    'permission denied. Ports below 1024 need root, CAP_NET_BIND_SERVICE or the sysctl ' +
    'net.ipv4.ip_unprivileged_port_start; a unix socket needs a directory that may be written.',
  EPERM: 'permission denied. The directory or its file system does not allow it.',
  EADDRNOTAVAIL: 'no interface of this machine has the address. Bind 0.0.0.0 or [::] for all interfaces.',
  EAFNOSUPPORT: 'this machine has no such address family (IPv6 is switched off?).',
  ENOENT: 'the directory of the socket does not exist. Create it first.',
  ENOTDIR: 'a part of the path is not a directory.',
  EROFS: 'the file system is read-only.',
  ENOSPC: 'the file system is full.',
  EINVAL: 'the operating system does not accept the address.',
  EMFILE: 'the process has too many open files. Raise its limit (ulimit -n).',
}

/** The error for whatever `bind` or `listen` threw on this address: TSG_ADDRESS_IN_USE or TSG_ADDRESS_REFUSED. */
export const bindFailure = (address: Address, thrown: unknown, ip?: string): ServerError => {
  if (thrown instanceof ServerError) return thrown
  if (hasCode(thrown, 'EADDRINUSE')) return inUse(address, thrown, ip)
  const code = Object.keys(refusals).find((known) => hasCode(thrown, known))
  const why = code === undefined ? messageOf(thrown) : `${refusals[code]} (${code})`
  return new ServerError('TSG_ADDRESS_REFUSED', `Cannot bind ${formatAddress(address)}: ${why}`, {
    cause: thrown,
  })
}
