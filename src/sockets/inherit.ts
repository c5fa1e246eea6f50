/**
 * Listeners that are there already: from systemd (LISTEN_FDS: those of socket units, and those it kept for a master
 * that was killed), from the master before us (GUNICORN_FD), or named as `fd://N`. It finds out what they are; it binds nothing and removes nothing from the environment.
 */
import { closeSync, lstatSync } from 'node:fs'
import { messageOf, ServerError } from '../errors.ts'
import { storedAddress, unknownDescriptor } from '../systemd/fd-store.ts'
import { type ListenFd, listenFds } from '../systemd/listen-fds.ts'
import { socketInode } from '../util/proc-sockets.ts'
import { tcpTable } from '../util/tcp-table.ts'
import { type Address, addressText, parseAddress } from './address.ts'
import { type Bound, openDescriptor } from './handle.ts'
import { type Listener, listenerOf } from './listener.ts'
import { unixTable } from './tables.ts'
import { publishedPath } from './unix.ts'

/**
 * Our addition to GUNICORN_FD: the addresses in the same order, a JSON list. A unix socket knows only the temporary
 * name it was bound to, and without /proc not even that.
 */
const namesVariable = 'TSGUNICORN_FD_NAMES'

/** Set when the master before us had its sockets from systemd: they are still the only ones, and stay. */
const givenVariable = 'TSGUNICORN_FD_GIVEN'

/** Where the new master finds the board (system/board.ts), and the side that is to be its own: `FD:SIDE`. */
const boardVariable = 'TSGUNICORN_BOARD_FD'

/**
 * Where the new master finds the sockets that the master itself answers on, by the settings of their addresses:
 * `FD:ADDRESS`, the address as it was asked for.
 */
const ownVariables = { admin_bind: 'TSGUNICORN_ADMIN_FD', agent_check_bind: 'TSGUNICORN_AGENT_FD' } as const

export type OwnSetting = keyof typeof ownVariables

/** Variables that children other than a new master must not get. */
export const inheritVariables = [
  'GUNICORN_FD',
  namesVariable,
  givenVariable,
  boardVariable,
  ...Object.values(ownVariables),
] as const

/** The board of the master before us; what cannot be read is none: then counting begins anew. */
export const inheritBoard = (
  env: NodeJS.ProcessEnv = process.env,
): { readonly fd: number; readonly side: 0 | 1 } | undefined => {
  const match = /^(\d{1,9}):([01])$/.exec(env[boardVariable] ?? '')
  return match === null ? undefined : { fd: Number(match[1]), side: match[2] === '1' ? 1 : 0 }
}

/** What a new master finds the board by, when it is this descriptor of it. */
export const boardEnvironment = (fd: number, side: 0 | 1): Record<string, string> => ({
  [boardVariable]: `${fd}:${side}`,
})

/** A descriptor with the address that it was opened for, as the setting says it. */
export interface OwnLegacy {
  readonly fd: number
  readonly asked: string
}

/** A listener of its own that the master before us had. */
export const inheritOwn = (
  setting: OwnSetting,
  env: NodeJS.ProcessEnv = process.env,
): OwnLegacy | undefined => {
  const [, fd, asked] = /^(\d{1,9}):(.+)$/s.exec(env[ownVariables[setting]] ?? '') ?? []
  return fd === undefined || asked === undefined ? undefined : { fd: Number(fd), asked }
}

/** What a new master finds it by, when it is this descriptor of it. */
export const ownEnvironment = (setting: OwnSetting, { fd, asked }: OwnLegacy): Record<string, string> => ({
  [ownVariables[setting]]: `${fd}:${asked}`,
})

const notListening = (fd: number, why: string, cause?: unknown): ServerError =>
  new ServerError(
    'TSG_ADDRESS_INVALID',
    `Descriptor ${fd} is not a listening socket: ${why}. ` +
      'Whoever starts the server must pass it open and listening (systemd socket units, GUNICORN_FD, fd://N).',
    { cause },
  )

const open = (fd: number): Bound => {
  try {
    return openDescriptor(fd)
  } catch (cause) {
    throw notListening(fd, messageOf(cause), cause)
  }
}

/**
 * What the kernel's tables say of the descriptor. A TCP socket that is bound and does not listen yet stands in none,
 * and is taken: `listenAll` can make it listen. Undefined also where there is no /proc, and for the socket
 * of another network namespace (PrivateNetwork= of systemd).
 */
const inspect = (fd: number): { readonly listening: boolean; readonly path?: string } | undefined => {
  const inode = socketInode('self', fd)
  if (inode === undefined) return undefined
  const unix = unixTable().find((row) => row.inode === inode)
  if (unix !== undefined) return { listening: unix.listening, path: publishedPath(unix.path) }
  return tcpTable().find((row) => row.inode === inode)
}

const addressOf = (
  fd: number,
  bound: Bound,
  path: string | undefined,
  known: Address | undefined,
): Address => {
  if (known !== undefined && known.kind !== 'fd') return known
  const { address, port } = bound.name
  if (address !== undefined && port !== undefined) return { kind: 'tcp', host: address, port }
  return path === undefined || path === '' ? { kind: 'fd', fd } : { kind: 'unix', path }
}

/**
 * A listener from a descriptor, its address by getsockname(2) (TCP) or the kernel's table (unix). `known`: the
 * address, where the giver told it. `removable`: the unix path goes when the server ends; false for systemd's.
 * Throws ServerError TSG_ADDRESS_INVALID when it is no listening socket.
 */
export const adoptDescriptor = (
  fd: number,
  { known, removable = false }: { readonly known?: Address; readonly removable?: boolean } = {},
): Listener => {
  if (fd < 3) throw notListening(fd, '0, 1 and 2 are the standard streams')
  const seen = inspect(fd)
  if (seen?.listening === false)
    throw notListening(fd, 'it is a connection, or nobody called listen(2) on it')
  const bound = open(fd)
  return listenerOf(addressOf(fd, bound, seen?.path, known), bound, removable)
}

const knownAddresses = (text: string | undefined): readonly (Address | undefined)[] => {
  if (text === undefined) return []
  const names: unknown = JSON.parse(text)
  return Array.isArray(names) ? names.map((name) => parseAddress(String(name))) : []
}

/** GUNICORN_FD: numbers and commas. The new master takes the paths over: it removes them at its end. */
const fromMaster = (numbers: string, env: NodeJS.ProcessEnv): InheritedListener[] => {
  const known = knownAddresses(env[namesVariable])
  const descriptors = numbers.split(',').map((number) => number.trim())
  const wrong = descriptors.find((number) => !/^\d{1,9}$/.test(number))
  if (wrong !== undefined)
    throw new ServerError(
      'TSG_ENVIRONMENT',
      `GUNICORN_FD: '${wrong}' is not a descriptor. Use numbers and commas.`,
    )
  return descriptors.map((number, index) => {
    const asked = known[index]
    // A TCP socket knows its address; a unix socket knows only the temporary name it was bound to.
    const listener = adoptDescriptor(Number(number), {
      removable: env[givenVariable] === undefined,
      ...(asked?.kind === 'unix' ? { known: asked } : {}),
    })
    return { listener, asked: asked ?? listener.address }
  })
}

/**
 * `from`: who gave them first. Those of systemd's socket units are all there are, whatever `bind` says; those of its
 * store are taken as far as `bind` names them.
 */
export interface Legacy {
  readonly from: 'master' | 'systemd' | 'store' | 'nobody'
  readonly listeners: readonly InheritedListener[]
  /** What systemd's store gave us, taken or not. */
  readonly stored?: readonly ListenFd[]
  /** What of it could not be used, in words for the log. */
  readonly warnings?: readonly string[]
}

/** `asked`: the address by which a configuration names it, with the host's name or the port 0 it may have had. */
export interface InheritedListener {
  readonly listener: Listener
  readonly asked: Address
}

/** All listeners this process was started with. Throws ServerError TSG_ADDRESS_INVALID or TSG_ENVIRONMENT. */
export const inheritListeners = (env: NodeJS.ProcessEnv = process.env, pid = process.pid): Legacy => {
  const numbers = env['GUNICORN_FD']
  if (numbers !== undefined && numbers !== '') {
    const from = env[givenVariable] === undefined ? 'master' : 'systemd'
    return { from, listeners: fromMaster(numbers, env) }
  }
  const given = listenFds(env, pid)
  if (given.length === 0) return { from: 'nobody', listeners: [] }
  const kept = given.filter(({ name }) => storedAddress(name) !== undefined)
  if (kept.length === given.length) return fromStore(kept)
  // Socket units have taken over: what was kept from before is not listened on any more.
  for (const { fd } of kept) closeSync(fd)
  const listeners = given.filter((one) => !kept.includes(one)).map(({ fd }) => adoptDescriptor(fd))
  return {
    from: 'systemd',
    listeners: listeners.map((listener) => ({ listener, asked: listener.address })),
    stored: withoutDescriptors(kept),
  }
}

/** They are in the store under these names, and are not ours any more. */
const withoutDescriptors = (kept: readonly ListenFd[]): readonly ListenFd[] =>
  kept.map(({ name }) => ({ name, fd: unknownDescriptor }))

/** One that cannot be used is closed and told of: its address is bound anew. */
const fromStore = (kept: readonly ListenFd[]): Legacy => {
  const listeners: InheritedListener[] = []
  const stored: ListenFd[] = []
  const warnings: string[] = []
  for (const one of kept) {
    try {
      listeners.push(storedListener(one))
      stored.push(one)
    } catch (thrown) {
      closeSync(one.fd)
      stored.push(...withoutDescriptors([one]))
      warnings.push(`A socket that systemd kept (${one.name}) is not used: ${messageOf(thrown)}`)
    }
  }
  return { from: 'store', listeners, stored, warnings }
}

/** A unix socket whose path is gone is found by nobody. */
const storedListener = ({ fd, name }: ListenFd): InheritedListener => {
  const asked = parseAddress(storedAddress(name) ?? '')
  if (asked.kind === 'unix' && !lstatSync(asked.path).isSocket())
    throw notListening(fd, `${asked.path} is not a socket any more`)
  const known = asked.kind === 'unix' ? { known: asked } : {}
  return { asked, listener: adoptDescriptor(fd, { removable: true, ...known }) }
}

/** What a new master finds its listeners by, when they stand in its stdio from descriptor `first` on, in order. */
export const inheritEnvironment = (
  {
    listeners,
    from,
  }: Pick<Legacy, 'from'> & { readonly listeners: readonly Pick<InheritedListener, 'asked'>[] },
  first = 3,
): Record<string, string> => ({
  ...(from === 'systemd' ? { [givenVariable]: '1' } : {}),
  GUNICORN_FD: listeners.map((_, index) => first + index).join(','),
  [namesVariable]: JSON.stringify(listeners.map(({ asked }) => addressText(asked))),
})
