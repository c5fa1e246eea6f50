/** `status`. */
import { findServer, type Session, tell } from '../session.ts'
import { summaryLines } from '../summary.ts'
import { renderTable } from '../table.ts'
import { workerColumns } from '../workers.ts'

export const status = async (session: Session): Promise<undefined> => {
  // Finding the server has asked for its status already.
  const { status: facts, connection } = await findServer(session)
  connection.close()
  tell(session, facts, () => [
    ...summaryLines(facts, { ...session, now: Date.now() }),
    '',
    ...renderTable(workerColumns, facts.workers, session),
  ])
  return undefined
}
