/** `restart [PID]`: with `--wait` the master itself says when all are replaced; events tell of the progress. */
import { askServer, findServer, type Session, tell } from '../session.ts'
import { orderBeside, showProgress, waitSeconds, withinTime } from '../wait.ts'

/** Milliseconds that the master's own word about the time may take longer than the time. */
const grace = 2000

export const restart = async (session: Session): Promise<undefined> => {
  const [pid] = session.asked.operands
  const args = pid === undefined ? {} : { pid: Number(pid) }
  const seconds = waitSeconds(session)
  const whom = pid === undefined ? 'The workers' : `Worker ${pid}`
  const verb = pid === undefined ? 'are' : 'is'
  if (seconds === undefined) {
    const data = await askServer(session, 'restart', args)
    tell(session, data, () => [`${whom} ${verb} being replaced; successors come first.`])
    return undefined
  }
  const { connection, path } = await findServer(session)
  try {
    await connection.watch((event) => showProgress(session, event), session.timeout)
    const data = await withinTime(session, seconds + grace / 1000, () =>
      orderBeside(path, 'restart', { ...args, wait: seconds }, seconds * 1000 + 2 * grace),
    )
    tell(session, data, () => [`${whom} ${verb} replaced.`])
  } finally {
    connection.close()
  }
  return undefined
}
