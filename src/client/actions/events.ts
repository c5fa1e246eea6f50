/** `events`: a line for each, until it is interrupted or the server ends. */
import type { PublicEvent } from '../../control/status.ts'
import { clockWords, eventWords } from '../event-words.ts'
import { Failure } from '../failure.ts'
import { findServer, type Session, writeLine } from '../session.ts'

export const events = async (session: Session): Promise<undefined> => {
  const { connection } = await findServer(session)
  let stopping = false
  await connection.watch((event) => {
    if (event.event === 'mode') stopping = event.state === 'stopping'
    writeLine(session, session.json ? JSON.stringify(event) : wordsOf(event, session))
  }, session.timeout)
  await connection.closed
  // The end of a server that was stopped is the end of what there is to tell.
  if (!stopping)
    throw new Failure('failed', 'The server closed the connection. Its log says why.', { code: 'gone' })
  return undefined
}

const wordsOf = (event: PublicEvent, { paint }: Session): string => {
  const bad = (event.event === 'reload' && !event.ok) || (event.event === 'upgrade' && event.ok === false)
  const words = eventWords(event)
  return `${paint.dim(clockWords(event.at))}  ${bad ? paint.red(words) : words}`
}
