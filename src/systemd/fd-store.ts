/**
 * Listeners that systemd keeps for us (FileDescriptorStoreMax=, sd_pid_notify_with_fds(3)), so that a master that was
 * killed comes back to the sockets it had: which names it keeps now, and what has to change. It knows a socket only by
 * its name and descriptor; the names carry the address as the configuration has it, and come back in LISTEN_FDNAMES.
 */
import type { Notifier } from './notify.ts'

/** What socket units call their descriptors is their affair; ours begin with this. */
const prefix = 'tsgunicorn-kept-'

/** FDNAME_MAX of systemd; a longer name is refused. */
const longestName = 255

/** Letters of an address that may stand in a name as they are; a colon ends one, and `_` begins the code of another. */
const plain = /[A-Za-z0-9./-]/

/** The name of an address: `127.0.0.1:8000` is `tsgunicorn-kept-127.0.0.1_3A8000`. Undefined when it would be too long. */
export function storedName(address: string): string | undefined {
  const letters = Array.from(Buffer.from(address), (byte) => {
    const letter = String.fromCharCode(byte)
    return plain.test(letter) ? letter : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`
  })
  const name = prefix + letters.join('')
  return name.length > longestName ? undefined : name
}

/** The address of a name; undefined when it is not one of ours. */
export function storedAddress(name: string): string | undefined {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  if (!/^(?:[A-Za-z0-9./-]|_[0-9A-F]{2})+$/.test(rest)) return undefined
  const bytes = rest
    .match(/_..|./g)
    ?.map((one) => (one.length === 3 ? Number.parseInt(one.slice(1), 16) : one))
  return Buffer.concat(
    (bytes ?? []).map((one) => Buffer.from(typeof one === 'number' ? [one] : one)),
  ).toString()
}

/** A name whose descriptor in the store is not known to be ours: it is replaced. */
export const unknownDescriptor = -1

type Way = Pick<Notifier, 'canStore' | 'store' | 'forget'>

export class FdStore {
  readonly #way: Way
  #kept: ReadonlyMap<string, number>

  /** `kept`: what systemd keeps already, by name, from the process before. */
  constructor(way: Way, kept: ReadonlyMap<string, number>) {
    this.#way = way
    this.#kept = kept
  }

  /** Has systemd keep these, and nothing else of ours. */
  keep(listeners: readonly { readonly address: string; readonly fd: number }[]): void {
    if (this.#kept.size === 0 && listeners.length === 0) return
    if (!this.#way.canStore()) return
    const wanted = new Map(listeners.flatMap(({ address, fd }) => named(address, fd)))
    for (const [name, fd] of this.#kept) if (wanted.get(name) !== fd) this.#way.forget(name)
    for (const [name, fd] of wanted) if (this.#kept.get(name) !== fd) this.#way.store(name, fd)
    this.#kept = wanted
  }

  /** The service ends in order: a stopped service holds no port. */
  release(): void {
    this.keep([])
  }
}

const named = (address: string, fd: number): [string, number][] => {
  const name = storedName(address)
  return name === undefined ? [] : [[name, fd]]
}
