/** Listeners and generations as administration tells of them. */
import type { GenerationFact, ListenerFact } from '../../control/status.ts'
import { formatAddress } from '../../sockets/address.ts'
import type { Listener } from '../../sockets/listener.ts'
import { socketInode } from '../../util/proc-sockets.ts'
import { listeningSockets, type TcpRow } from '../../util/tcp-table.ts'
import type { State } from '../state.ts'

/** Reads the kernel's table once, and only when there is a TCP listener. */
export function listenerFacts(listeners: readonly Listener[], scheme: 'http' | 'https'): ListenerFact[] {
  const hasTcp = listeners.some(({ address }) => address.kind !== 'unix')
  const rows = new Map((hasTcp ? listeningSockets() : []).map((row) => [row.inode, row]))
  return listeners.map(({ address, fd }) => {
    const inode = socketInode('self', fd)
    const row = inode === undefined ? undefined : rows.get(inode)
    return {
      name: formatAddress(address, scheme),
      fd,
      type: address.kind === 'tcp' ? typeOf(row, address.host) : row ? typeOf(row, '') : 'unix',
      queued: row?.queued ?? null,
    }
  })
}

const typeOf = (row: TcpRow | undefined, host: string): 'tcp' | 'tcp6' =>
  (row ? row.family === 6 : host.includes(':')) ? 'tcp6' : 'tcp'

/** `fileOf`: the configuration file of a generation, null without one or when it is known no more. Pure. */
export function generationFacts(
  state: State,
  fileOf: (generation: number) => string | null,
): GenerationFact[] {
  const { staging, serving, workers } = state
  const numbers = new Set([staging?.number, serving?.number, ...workers.map(({ generation }) => generation)])
  return [...numbers]
    .filter((number) => number !== undefined)
    .sort((one, other) => one - other)
    .map((number) => ({
      number,
      state: number === serving?.number ? 'serving' : number === staging?.number ? 'staging' : 'retiring',
      workers: workers.flatMap((one) => (one.generation === number && 'pid' in one ? [one.pid] : [])),
      config: fileOf(number),
    }))
}
