/**
 * What a blocked worker was doing: its stack and the requests in its hands, taken while it hangs, and logged. The
 * worker left a synchronous function at a global symbol (worker/hang.ts) that is called in the paused process: it
 * runs `worker_abort` and answers with the requests.
 */
import { statOf } from '../system/processes.ts'
import type { Ask, Evaluated } from '../system/stack.ts'
import type { Member } from './crew.ts'
import type { Office } from './office.ts'
import type { Effect, Overdue } from './state.ts'

/** Evaluated in the worker; must be the symbol of worker/hang.ts. */
const EXPRESSION = "globalThis[Symbol.for('tsgunicorn.hang')]?.()"
/** Usual are 0.1 s; a machine that is busy takes longer. */
const PATIENCE = 1700

interface Inflight {
  readonly method: string
  readonly target: string
  readonly ageMs: number
  readonly remoteAddress: string
}

/** Loads what a capture needs, once starting is over: at the time of a hang the files may be another version's. */
export const prepareCapture = () => import('../system/stack.ts')

/** Answered by `captured`, whatever was found. */
export async function beginCapture(
  office: Office,
  { age, why }: Extract<Effect, { do: 'capture' }>,
): Promise<void> {
  const member = office.crew.get(age)
  try {
    if (member?.language === 'python') await dumpStacks(office, member, why)
    else if (member) await capture(office, member)
  } catch (error) {
    office.log.exception(`the stack of worker (pid:${member?.child.pid}) could not be taken`, error)
  }
  office.enqueue({ type: 'captured', age })
}

/** faulthandler answers signals even while nothing else runs; its words go to the log by themselves. */
const DUMP_PATIENCE = 200

/**
 * A Python worker that is silent holds the interpreter's lock in native code: it cannot even watch its own requests,
 * and nobody's frames move while faulthandler reads them all. One that boots may run: ABRT, which has faulthandler tell
 * of the thread that boots alone, is next, and only before a KILL has to be sent here. Nothing says when the stacks are
 * written, so they have a moment.
 */
async function dumpStacks({ log }: Office, { child, age, cfg }: Member, why: Overdue): Promise<void> {
  const { pid } = child
  const facts = { pid, age }
  if (pid !== undefined && statOf(pid)?.state === 'T') {
    log.critical(`Worker (pid:${pid}) is stopped (SIGSTOP): there are no stacks`, facts)
    return
  }
  const what = why === 'timeout' ? `is blocked in native code that holds Python's lock` : 'is still booting'
  log.critical(`Worker (pid:${pid}) ${what}; its stacks:`, facts)
  if (why !== 'timeout' && cfg.abort_timeout > 0) return
  child.kill(why === 'timeout' ? 'SIGUSR2' : 'SIGABRT')
  await new Promise((resolve) => setTimeout(resolve, DUMP_PATIENCE))
}

async function capture({ log, salvage }: Office, member: Member): Promise<void> {
  const { child, age } = member
  const { pid } = child
  if (pid === undefined) return
  const { formatStack, stackOf } = await prepareCapture()
  const whilePaused = (ask: Ask) => salvage.take(member, ask)
  const found = await stackOf(pid, { evaluate: EXPRESSION, deadline: PATIENCE, whilePaused })
  const facts = { pid, age }
  if (found.kind === 'native') {
    const why = statOf(pid)?.state === 'T' ? 'is stopped (SIGSTOP)' : 'is blocked in native code'
    log.critical(`Worker (pid:${pid}) ${why}: there is no JavaScript stack`, facts)
    return
  }
  if (found.kind === 'unavailable') {
    log.critical(`Worker (pid:${pid}) is blocked; its stack is not available: ${found.why}`, facts)
    return
  }
  if (found.frames.length === 0) {
    log.critical(`Worker (pid:${pid}) runs no JavaScript: it waits for something that does not come`, facts)
    return
  }
  const requests = inflightOf(found.evaluated)
  const lines = requests.map((request) => `    ${describe(request)}`)
  const inHand = lines.length > 0 ? `\nin hand:\n${lines.join('\n')}` : ''
  const detail = formatStack(found.frames) + inHand
  log.critical(`Worker (pid:${pid}) was blocked here:`, { ...facts, detail, requests })
}

const describe = ({ method, target, ageMs, remoteAddress }: Inflight): string =>
  `${method} ${target} (${(ageMs / 1000).toFixed(1)} s, from ${remoteAddress || 'a unix socket'})`

/** The worker answers with a list; anything else is no answer. */
const inflightOf = (evaluated: Evaluated | undefined): readonly Inflight[] =>
  evaluated && 'value' in evaluated && Array.isArray(evaluated.value) ? evaluated.value : []
