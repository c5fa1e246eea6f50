/** Orders that are answered when they were judged: scale, drain, kill, reopen. */
import { isRecord } from '../../util/is-record.ts'
import { askServer, type Session, tell } from '../session.ts'

type Facts = Readonly<Record<string, unknown>>

const order = async (session: Session, args: Facts, words: (facts: Facts) => string): Promise<undefined> => {
  const data = await askServer(session, session.asked.command, args)
  tell(session, data, () => [words(isRecord(data) ? data : {})])
  return undefined
}

export const scale = (session: Session): Promise<undefined> => {
  const [text = ''] = session.asked.operands
  const args = /^[+-]/.test(text) ? { by: Number(text) } : { to: Number(text) }
  return order(session, args, ({ before, target }) => `Workers: ${before} before, ${target} now.`)
}

const pidOf = ({ asked }: Session): number => Number(asked.operands[0])

export const drain = (session: Session): Promise<undefined> =>
  order(
    session,
    { pid: pidOf(session) },
    () => `Worker ${pidOf(session)} finishes its requests and exits; a successor is started.`,
  )

export const kill = (session: Session): Promise<undefined> =>
  order(session, { pid: pidOf(session) }, () => `Worker ${pidOf(session)} is killed; a successor is started.`)

export const reopen = (session: Session): Promise<undefined> =>
  order(session, {}, () => 'The log files are opened anew.')
