/** Orders something and waits for its outcome: watches first, so that nothing is missed, then orders. */
import type { PublicEvent } from '../control/status.ts'
import { isRecord } from '../util/is-record.ts'
import { numberOf } from './arguments.ts'
import { defaultWait } from './commands.ts'
import { Connection } from './connection.ts'
import { clockWords } from './event-words.ts'
import { Failure } from './failure.ts'
import { type Judge, type Outcome, progressLine } from './progress.ts'
import type { Found } from './seek.ts'
import { findServer, type Session, tell, writeLine } from './session.ts'

export type Facts = Readonly<Record<string, unknown>>

export interface Awaited {
  readonly command: string
  readonly args: Facts
  /** From what the master granted to what the outcome is. */
  readonly judge: (granted: Facts) => Judge
}

/** Seconds of `--wait`, or undefined when nobody waits. */
export const waitSeconds = ({ asked }: Session): number | undefined =>
  asked.flags.has('wait') ? (numberOf(asked, 'wait') ?? defaultWait) : undefined

/** Rejects with the outcome's Failure, or `late`, or `interrupted`; resolves when it went well and was told. */
export const orderAndWait = async (
  session: Session,
  seconds: number,
  awaited: Awaited,
): Promise<undefined> => {
  const found = await findServer(session)
  try {
    const outcome = await withinTime(session, seconds, (ended) => outcomeOf(session, found, awaited, ended))
    if (!outcome.ok) throw new Failure('failed', outcome.message, { detail: outcome.detail })
    tell(session, outcome.data, () => [outcome.words])
  } finally {
    found.connection.close()
  }
  return undefined
}

/** Prints a line for each event that tells of progress; with `--json` nothing but the outcome is printed. */
export const showProgress = (session: Session, event: PublicEvent): void => {
  const line = session.json ? undefined : progressLine(event)
  if (line !== undefined) writeLine(session, `${session.paint.dim(clockWords(event.at))}  ${line}`)
}

/** Gives what `work` gives, unless the time is over or SIGINT comes first; `work` is told by the signal. */
export const withinTime = async <T>(
  { asked }: Session,
  seconds: number,
  work: (ended: AbortSignal) => Promise<T>,
): Promise<T> => {
  const over = new AbortController()
  const { promise, reject } = rejection()
  const timer = setTimeout(() => reject(tooLate(asked.command, seconds)), seconds * 1000)
  const interrupt = () => reject(interrupted(asked.command))
  process.once('SIGINT', interrupt)
  try {
    return await Promise.race([work(over.signal), promise])
  } finally {
    clearTimeout(timer)
    process.removeListener('SIGINT', interrupt)
    over.abort()
  }
}

const rejection = () => {
  let reject: (failure: Failure) => void = () => undefined
  const promise = new Promise<never>((_, onFailure) => {
    reject = onFailure
  })
  return { promise, reject: (failure: Failure) => reject(failure) }
}

const outcomeOf = async (
  session: Session,
  { connection, path }: Found,
  { command, args, judge }: Awaited,
  ended: AbortSignal,
): Promise<Outcome> => {
  const events = new Events()
  await connection.watch((event) => {
    if (ended.aborted) return
    showProgress(session, event)
    events.tell(event)
  }, session.timeout)
  const granted = await orderBeside(path, command, args, session.timeout)
  return await Promise.race([events.first(judge(granted)), endOf(connection, command)])
}

/** Orders on a connection of its own: the other one is busy with events. */
export const orderBeside = async (
  path: string,
  command: string,
  args: Facts,
  timeout: number,
): Promise<Facts> => {
  const connection = await Connection.open(path, timeout)
  try {
    const granted = await connection.ask(command, args, timeout)
    return isRecord(granted) ? granted : {}
  } finally {
    connection.close()
  }
}

/** Events that came, and the one that is waited for: what comes before the order's answer counts, too. */
class Events {
  readonly #before: PublicEvent[] = []
  #listen: ((event: PublicEvent) => void) | undefined

  tell(event: PublicEvent): void {
    if (this.#listen === undefined) this.#before.push(event)
    else this.#listen(event)
  }

  first(judge: Judge): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#listen = (event) => {
        const outcome = judge(event)
        if (outcome !== undefined) resolve(outcome)
      }
      for (const event of this.#before) this.#listen(event)
    })
  }
}

const endOf = async (connection: Connection, command: string): Promise<Outcome> => {
  await connection.closed
  const message = `The server closed the connection before the ${command} was over. Its log says why.`
  return { ok: false, message, detail: null }
}

const tooLate = (command: string, seconds: number): Failure =>
  new Failure(
    'late',
    `The ${command} is not over after ${seconds} s; it goes on. "tsgunicornc status" tells how it ended.`,
  )

const interrupted = (command: string): Failure =>
  new Failure('interrupted', `Interrupted: the ${command} goes on. "tsgunicornc status" tells how it ended.`)
