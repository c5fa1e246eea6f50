/** Where a worker is. A Python worker tells it itself, by a thread that the application does not keep busy. */
import type { StackFact } from '../../control/status.ts'
import { monotonicNow } from '../../system/clock.ts'
import { statOf } from '../../system/processes.ts'
import type { BlockedStack } from '../../system/stack.ts'
import { prepareCapture } from '../capture.ts'
import type { Member } from '../crew.ts'
import type { Office } from '../office.ts'
import { lookInto } from './look.ts'
import { isAble, knownBy } from './members.ts'

/** Two beats of a worker: one of them comes, unless it cannot. */
const PYTHON_PATIENCE = 2000

/** Rejects with TSG_WORKER_UNKNOWN; whatever else is in the way stands in the note. */
export async function stackFact(office: Office, pid: number): Promise<StackFact> {
  const known = knownBy(office, pid)
  const { member, worker } = known
  const fact = { pid, language: member.language, stacks: [] }
  if (statOf(pid)?.state === 'T') return { ...fact, note: 'it is stopped (SIGSTOP): there are no stacks' }
  // While a Python worker boots, its own thread for this may be there already.
  const isAsked = isAble(known) || (member.language === 'python' && worker.phase === 'booting')
  if (!isAsked) return { ...fact, note: `it is ${worker.phase}: only workers that have been ready are asked` }
  if (member.language === 'python') return { ...fact, ...(await pythonStacks(office, member, isAble(known))) }
  const found = await lookInto(pid)
  const { formatStack } = await prepareCapture()
  return { ...fact, ...wordsFor(found, formatStack) }
}

type Found = Pick<StackFact, 'stacks' | 'note'>

function wordsFor(found: BlockedStack, format: (frames: Frames) => string): Found {
  if (found.kind === 'native')
    return { stacks: [], note: 'it is blocked in native code: there is no JavaScript stack' }
  if (found.kind === 'unavailable') return { stacks: [], note: `its stack is not available: ${found.why}` }
  // What Node does to wait, and its own timers, are no news of the application.
  if (found.frames.every(({ url }) => url.startsWith('node:')))
    return { stacks: [], note: 'it runs no JavaScript at the moment: it waits for events' }
  return { stacks: [{ thread: 'main', text: format(found.frames) }], note: null }
}

type Frames = Extract<BlockedStack, { kind: 'stack' }>['frames']

/**
 * `isReady`: faulthandler listens; before, the signal would end the worker. It reads frames without Python's lock, and
 * a worker that runs may crash of that: only one that is silent, as it is while native code has the lock, is signalled.
 */
async function pythonStacks(office: Office, member: Member, isReady: boolean): Promise<Found> {
  const asked = monotonicNow()
  const reply = await office.questions.ask(member, { what: 'stack' }, PYTHON_PATIENCE)
  if (reply.what === 'stack') return { stacks: reply.stacks, note: null }
  if (reply.what === 'ended') return { stacks: [], note: 'it has ended' }
  const held = `no answer came within ${PYTHON_PATIENCE / 1000} s: native code holds Python's lock`
  if (!isReady) return { stacks: [], note: `${held}, or the worker has not begun to import the application` }
  if (office.board.read(member.slot).beat > asked)
    return { stacks: [], note: 'it is very busy, though it beats: no answer came in time. Ask again.' }
  const { pid } = member.child
  office.log.warning(`Worker (pid:${pid}) holds Python's lock in native code; its stacks:`, {
    pid,
    age: member.age,
  })
  member.child.kill('SIGUSR2')
  return { stacks: [], note: `${held}. The stacks are in the error log.` }
}
