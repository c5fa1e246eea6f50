/**
 * How a thrown value is written down: as an object for JSON lines, as a block of text below text lines. Thrown
 * values come from user code, so nothing here trusts their getters.
 */
import { inspect } from 'node:util'
import { messageOf, ServerError } from '../errors.ts'

export interface ThrownFact {
  readonly type: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly cause?: ThrownFact
}

/** A chain of causes may be a ring. */
const CAUSES = 5

/** What was thrown, and what caused it, as plain data. */
export function thrownFact(thrown: unknown, causes: number = CAUSES): ThrownFact {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: textOf(thrown) }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {}
  const stack = typeof thrown.stack === 'string' ? { stack: thrown.stack } : {}
  const cause =
    thrown.cause !== undefined && causes > 0 ? { cause: thrownFact(thrown.cause, causes - 1) } : {}
  return { type: String(thrown.name), message: String(thrown.message), ...code, ...stack, ...cause }
}

/** The lines to print below a record: a stack with causes; of a ServerError its words, its detail and its cause. */
export function thrownText(thrown: unknown): string {
  if (!(thrown instanceof ServerError)) return textOf(thrown)
  const cause = thrown.cause === undefined ? undefined : `Caused by: ${textOf(thrown.cause)}`
  return [`${thrown.code}: ${thrown.message}`, thrown.detail, cause]
    .filter((part) => part !== undefined)
    .join('\n')
}

function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  try {
    return inspect(thrown, { depth: 4 })
  } catch (failure) {
    // An inspector or a getter of user code threw: a logger that throws would hide the first error.
    return `a value that cannot be printed (${messageOf(failure)})`
  }
}
