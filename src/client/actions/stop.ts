/** `stop`, and the end of a master that somebody waits for. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { hasCode } from '../../errors.ts'
import type { Found } from '../seek.ts'
import { askServer, findServer, type Session, tell } from '../session.ts'
import { orderBeside, showProgress, waitSeconds, withinTime } from '../wait.ts'

export const stop = async (session: Session): Promise<undefined> => {
  const args = session.asked.flags.has('quick') ? { quick: true } : {}
  const seconds = waitSeconds(session)
  if (seconds === undefined) {
    const data = await askServer(session, 'stop', args)
    tell(session, data, () => ['The server is stopping.'])
    return undefined
  }
  const found = await findServer(session)
  const took = await stopAndWait(session, found, args, seconds)
  tell(session, { pid: found.status.pid, seconds: took }, () => [
    `The server (pid ${found.status.pid}) has ended after ${took.toFixed(1)} s.`,
  ])
  return undefined
}

/** Orders the end and resolves, with the seconds that it took, when the process is gone. Closes the connection. */
export const stopAndWait = async (
  session: Session,
  { connection, path, status }: Found,
  args: Readonly<Record<string, unknown>>,
  seconds: number,
): Promise<number> => {
  const began = performance.now()
  try {
    await connection.watch((event) => showProgress(session, event), session.timeout)
    await withinTime(session, seconds, async (ended) => {
      await orderBeside(path, 'stop', args, session.timeout)
      await connection.closed
      // No event tells of the very end of a process that is not our child.
      while (!ended.aborted && isAlive(status.pid)) await pause(20)
    })
  } finally {
    connection.close()
  }
  return (performance.now() - began) / 1000
}

/** A zombie has ended: it waits for its parent alone. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false
    // Another user's process, or a system without /proc: it is there.
    if (hasCode(error, 'EPERM')) return true
    if (hasCode(error, 'ENOENT')) return process.platform !== 'linux'
    throw error
  }
}
