/** Which of the servers that answer is meant. Pure: who answers, and where from, is gathered by seek.ts. */
import type { Status } from '../control/status.ts'
import { Failure } from './failure.ts'

/** A server that answered. */
export interface Candidate {
  /** Of its control socket. */
  readonly path: string
  readonly status: Status
  /** Its working directory; null where the system does not tell. */
  readonly directory: string | null
}

export interface Wish {
  /** From the pidfile. */
  readonly pid?: number
  /** Where the program was started. */
  readonly directory: string
  /** Folders that were looked into, for the words. */
  readonly folders: readonly string[]
  /** It is to be changed. */
  readonly changes: boolean
}

/**
 * The one with the pid; else the only one of the working directory; else the only one, but to be changed only when it is
 * not known to live elsewhere: where the server of this directory is down, another must not be stopped in its place. A
 * challenger does not count while its master is there: who asks means the master. Throws a Failure: `not-running`, or
 * `usage` with a list.
 */
export const choose = (candidates: readonly Candidate[], wish: Wish): Candidate => {
  if (wish.pid !== undefined) return withPid(candidates, wish.pid, wish.folders)
  const masters = withoutChallengers(candidates)
  const [here, ...othersHere] = masters.filter((one) => livesIn(one, wish.directory))
  if (here !== undefined && othersHere.length === 0) return here
  if (here !== undefined) throw several([here, ...othersHere])
  const [only, ...others] = masters
  if (only === undefined) throw none(wish.folders)
  if (others.length > 0) throw several(masters)
  if (wish.changes && only.directory !== null) throw elsewhere(only)
  return only
}

const withPid = (candidates: readonly Candidate[], pid: number, folders: readonly string[]): Candidate => {
  const found = candidates.find(({ status }) => status.pid === pid)
  if (found !== undefined) return found
  throw new Failure(
    'not-running',
    `The server with pid ${pid} has no control socket in ${folders.join(' or ')}. Its log says where it is: give it with --socket.`,
    { code: 'no-socket' },
  )
}

const withoutChallengers = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const pids = new Set(candidates.map(({ status }) => status.pid))
  return candidates.filter(
    ({ status }) =>
      status.role !== 'challenger' || status.otherMaster === null || !pids.has(status.otherMaster),
  )
}

/** Started there, or configured by a file that lies there. */
const livesIn = ({ directory, status }: Candidate, wanted: string): boolean =>
  directory === wanted ||
  (status.config !== null && status.config.slice(0, status.config.lastIndexOf('/')) === wanted)

const none = (folders: readonly string[]): Failure =>
  new Failure(
    'not-running',
    `No server of this user answers in ${folders.join(' or ')}. If it is another user's, use "sudo -u USER tsgunicornc ..."; if its socket lies elsewhere (control_socket), give it with --socket.`,
  )

const several = (candidates: readonly Candidate[]): Failure =>
  new Failure('usage', 'Several servers are running. Say which: --socket PATH or --pid FILE.', {
    code: 'several',
    detail: candidates.map(lineOf).join('\n'),
  })

const elsewhere = (only: Candidate): Failure =>
  new Failure(
    'usage',
    'No server runs in this directory, and another is changed only by its name: --socket PATH or --pid FILE.',
    { code: 'elsewhere', detail: lineOf(only) },
  )

const lineOf = ({ path, status, directory }: Candidate): string =>
  `  ${status.name}  pid ${status.pid}  --socket ${path}  in ${directory ?? 'an unknown directory'}`
