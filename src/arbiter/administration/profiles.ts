/**
 * Profiles of workers, written by the workers themselves, as the users that they are.
 *
 *   cpu:  sampled while the worker serves: one out of rotation has nothing to show
 *   heap: writing it blocks a worker for seconds: its successor is ready first, then it accepts no more, finishes,
 *         writes, and exits (the judgement's `recycle` for 'profile')
 */
import { isAbsolute, join } from 'node:path'
import type { ProfileOptions } from '../../control/administration.ts'
import { ServerError } from '../../errors.ts'
import type { Question } from '../../ipc/messages.ts'
import type { Office } from '../office.ts'
import { type Known, knownBy } from './members.ts'
import type { Reply } from './questions.ts'

export interface Profiled {
  readonly file: string
  readonly note: string | null
}

const LONGEST = 600
/** To put a profile into words, on a machine that is busy. */
const WRITE_PATIENCE = 30_000
/** As the judgement gives one that writes its heap (workers.ts), and the boot of its successor. */
const HEAP_PATIENCE = 600_000

const endings = {
  javascript: { cpu: 'cpuprofile', heap: 'heapsnapshot' },
  python: { cpu: 'collapsed.txt', heap: '' },
} as const

/** Workers that are being profiled. */
const busy = new Set<number>()

/** Rejects with TSG_WORKER_UNKNOWN, TSG_PROFILE. */
export async function profile(office: Office, options: ProfileOptions): Promise<Profiled> {
  const known = knownBy(office, options.pid)
  const why = whyNot(options, known, office)
  if (why) throw refused(why)
  const { pid } = options
  const file = join(
    options.directory,
    `tsgunicorn-${pid}-${stamp()}.${endings[known.member.language][options.what]}`,
  )
  busy.add(pid)
  try {
    const reply = await (options.what === 'cpu'
      ? profileCpu(office, known, { what: 'cpu', seconds: options.seconds, file })
      : writeHeap(office, known, file))
    return { file, note: noteOf(reply, options) }
  } finally {
    busy.delete(pid)
  }
}

const refused = (why: string): ServerError => new ServerError('TSG_PROFILE', why)

/** As 20261122T001530123Z. */
const stamp = (): string => new Date().toISOString().replace(/[-:.]/g, '')

function whyNot(
  { pid, what, seconds, directory }: ProfileOptions,
  known: Known,
  office: Office,
): string | undefined {
  const { member, worker } = known
  if (!isAbsolute(directory))
    return `The directory ${directory} is not absolute: it is one of the server's machine.`
  if (busy.has(pid)) return `Worker (pid:${pid}) is being profiled already.`
  if (what === 'cpu' && !(seconds > 0 && seconds <= LONGEST))
    return `A profile takes between 0 and ${LONGEST} seconds, not ${seconds}.`
  if (what === 'heap' && member.language === 'python')
    return 'The heap of a Python worker is not ours to write: use tracemalloc in the application, or memray attach PID.'
  if (worker.phase !== 'ready')
    return `Worker (pid:${pid}) is ${worker.phase}: only one that is ready can be profiled.`
  if (what === 'heap' && office.state().mode.phase !== 'running')
    return 'The master ends: a worker that writes its heap would have no successor.'
  return undefined
}

const profileCpu = ({ questions }: Office, { member }: Known, question: Extract<Question, { what: 'cpu' }>) =>
  questions.ask(member, question, question.seconds * 1000 + WRITE_PATIENCE)

/** Told first: the judgement may retire it in the same turn. */
function writeHeap(office: Office, { member }: Known, file: string): Promise<Reply> {
  const { age, cfg } = member
  const patience = HEAP_PATIENCE + (cfg.boot_timeout + cfg.graceful_timeout) * 1000
  const reply = office.questions.ask(member, { what: 'heap', file }, patience)
  office.enqueue({ type: 'recycle', age, reason: 'profile' })
  return reply
}

function noteOf(reply: Reply, { pid, what }: ProfileOptions): string | null {
  if (reply.what === 'cpu' || reply.what === 'heap') return reply.note
  if (reply.what === 'failed')
    throw refused(`Worker (pid:${pid}) could not write its profile: ${reply.message}`)
  const how = reply.what === 'ended' ? 'ended before it was written' : 'did not answer in time'
  throw refused(`There is no ${what} profile: worker (pid:${pid}) ${how}.`)
}
