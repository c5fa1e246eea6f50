/**
 * What a blocked worker was doing: its stack and the requests in its hands, taken while it hangs, and logged. The
 * worker left a synchronous function at a global symbol (worker/hang.ts) that is called in the paused process: it
 * runs `worker_abort` and answers with the requests.
 */
import { captureStack } from '../system/stack.ts'
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
  captureStack(pid, { evaluate: EXPRESSION, deadlineMs: PATIENCE }).then(
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

type Found = Awaited<ReturnType<typeof captureStack>>

function report({ log }: Office, { child, age }: Member, found: Found): void {
  const facts = { pid: child.pid, age }
  if (found.kind === 'native') {
    log.critical(`Worker (pid:${child.pid}) is blocked in native code: there is no JavaScript stack`, facts)
    return
  }
  if (found.kind === 'unavailable') {
    log.critical(`Worker (pid:${child.pid}) is blocked; its stack is not available: ${found.why}`, facts)
    return
  }
  const stack = found.frames.map((frame) => `    at ${frame}`).join('\n')
  const requests = parseInflight(found.evaluated)
  const lines = requests.map((request) => `    ${describe(request)}`)
  const inHand = lines.length > 0 ? `\nin hand:\n${lines.join('\n')}` : ''
  log.critical(`Worker (pid:${child.pid}) was blocked here:`, { ...facts, detail: stack + inHand, requests })
}

const describe = ({ method, target, ageMs, remoteAddress }: Inflight): string =>
  `${method} ${target} (${(ageMs / 1000).toFixed(1)} s, from ${remoteAddress || 'a unix socket'})`

function parseInflight(text: unknown): readonly Inflight[] {
  if (typeof text !== 'string') return []
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) ? parsed : []
}
