/**
 * From a command's name to its answer: unknown names, orders on a read-only socket, what the master threw, and a bound on
 * how long an answer may take. All dialects come by here; it knows none of them.
 */
import { messageOf, ServerError } from '../errors.ts'
import { withCode } from '../util/with-code.ts'
import { meant } from './arguments.ts'
import { commands } from './commands.ts'
import type { Caller } from './outcome.ts'
import { Refusal, type RefusalCode } from './refusal.ts'

/** What of a log is needed here. */
export interface Log {
  info(message: string): void
  warning(message: string): void
  debug(message: string): void
  exception(message: string, thrown: unknown): void
}

export interface Session extends Caller {
  readonly readOnly: boolean
  readonly log: Log
}

export type Answer =
  | { readonly ok: true; readonly data: unknown }
  | {
      readonly ok: false
      readonly error: {
        readonly code: RefusalCode
        readonly message: string
        readonly detail?: string
      }
    }

/** Longer than any answer takes that did not ask for time: the longest profile, and its writing. */
const patience = 900_000

/** Never rejects. `given`: arguments as they came, of any shape. */
export const execute = async (session: Session, name: string, given: unknown): Promise<Answer> => {
  try {
    const command = commands.get(name) ?? (await unknown(name))
    if (command.changes) allow(session, name)
    const waiting = 'wait' in command.args
    const run = command.run(session, given)
    return { ok: true, data: await (waiting ? run : inTime(name, run)) }
  } catch (thrown) {
    return { ok: false, error: errorOf(session, name, thrown) }
  }
}

const unknown = async (name: string): Promise<never> => {
  const hint = await meant(name, [...commands.keys()])
  throw new Refusal('usage', `There is no command '${name.slice(0, 100)}'.${hint} 'help' lists them.`)
}

/** Throws a Refusal `forbidden` where no orders are taken. */
export const allow = ({ readOnly }: Pick<Session, 'readOnly'>, name: string): void => {
  if (readOnly)
    throw new Refusal('forbidden', `${name}: this socket is read-only. Use the one without the ending '.ro'.`)
}

const inTime = async (name: string, run: Promise<unknown>): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Refusal('late', `${name}: no answer in time.`)), patience).unref()
  })
  return Promise.race([run, late]).finally(() => clearTimeout(timer))
}

/** Errors a user can act on are told; others are ours, and are logged as well. */
const errorOf = ({ log }: Session, name: string, thrown: unknown) => {
  if (thrown instanceof Refusal)
    return { code: thrown.code, message: thrown.message, ...detailOf(thrown.detail) }
  if (thrown instanceof ServerError)
    return {
      code: 'failed' as const,
      message: withCode(thrown.message, thrown.code),
      ...detailOf(thrown.detail),
    }
  log.exception(`Control socket: ${name} failed`, thrown)
  return { code: 'failed' as const, message: `${name} failed: ${messageOf(thrown)}` }
}

const detailOf = (detail: string | undefined) => (detail === undefined ? {} : { detail })
