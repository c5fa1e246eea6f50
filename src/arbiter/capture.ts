/**
 * What a blocked worker was doing: its stack and the requests in its hands, taken while it hangs, and logged. The
 * worker left a synchronous function at a global symbol (worker/hang.ts) that is called in the paused process: it
 * runs `worker_abort` and answers with the requests.
 */
import { type BlockedStack, type Evaluated, formatStack, stackOf } from '../system/stack.ts'
import type { Member } from './crew.ts'
import type { Office } from './office.ts'
import type { Effect } from './state.ts'

/** Evaluated in the worker; must be the symbol of worker/hang.ts. */
const EXPRESSION = "globalThis[Symbol.for('tsgunicorn.hang')]?.()"
const PATIENCE = 1000

interface Inflight {
  readonly method: string
  readonly target: string
  readonly ageMs: number
  readonly remoteAddress: string
}

/** Answered by `captured`, whatever was found. */
export function beginCapture(office: Office, { age }: Extract<Effect, { do: 'capture' }>): void {
  const member = office.crew.get(age)
  const { pid } = member?.child ?? {}
  if (!member || pid === undefined) {
    office.enqueue({ type: 'captured', age })
    return
  }
  stackOf(pid, { evaluate: EXPRESSION, deadline: PATIENCE }).then(
    (found) => {
      report(office, member, found)
      office.enqueue({ type: 'captured', age })
    },
    (error: unknown) => {
      office.log.exception(`the stack of worker (pid:${pid}) could not be taken`, error)
      office.enqueue({ type: 'captured', age })
    },
  )
}

function report({ log }: Office, { child, age }: Member, found: BlockedStack): void {
  const facts = { pid: child.pid, age }
  if (found.kind === 'native') {
    log.critical(`Worker (pid:${child.pid}) is blocked in native code: there is no JavaScript stack`, facts)
    return
  }
  if (found.kind === 'unavailable') {
    log.critical(`Worker (pid:${child.pid}) is blocked; its stack is not available: ${found.why}`, facts)
    return
  }
  const requests = inflightOf(found.evaluated)
  const lines = requests.map((request) => `    ${describe(request)}`)
  const inHand = lines.length > 0 ? `\nin hand:\n${lines.join('\n')}` : ''
  log.critical(`Worker (pid:${child.pid}) was blocked here:`, {
    ...facts,
    detail: formatStack(found.frames) + inHand,
    requests,
  })
}

const describe = ({ method, target, ageMs, remoteAddress }: Inflight): string =>
  `${method} ${target} (${(ageMs / 1000).toFixed(1)} s, from ${remoteAddress || 'a unix socket'})`

/** The worker answers with a list; anything else is no answer. */
const inflightOf = (evaluated: Evaluated | undefined): readonly Inflight[] =>
  evaluated && 'value' in evaluated && Array.isArray(evaluated.value) ? evaluated.value : []
