/** `upgrade`, its completion and its back-out. */

import { isRecord } from '../../util/is-record.ts'
import { defaultWait } from '../commands.ts'
import { Failure } from '../failure.ts'
import { backOutJudge, upgradeJudge } from '../progress.ts'
import { askServer, findServer, type Session, tell, writeLine } from '../session.ts'
import { orderAndWait, waitSeconds } from '../wait.ts'
import { stopAndWait } from './stop.ts'

export const upgrade = async (session: Session): Promise<undefined> => {
  const { flags } = session.asked
  if (flags.has('complete') && flags.has('back-out'))
    throw new Failure('usage', '--complete ends the old master, --back-out the new one: give one of them.')
  if (flags.has('complete')) return await complete(session)
  if (flags.has('back-out')) return await backOut(session)
  const seconds = waitSeconds(session)
  if (seconds === undefined) {
    const data = await askServer(session, 'upgrade')
    tell(session, data, () => [startedWords(isRecord(data) && data['postponed'] === true)])
    return undefined
  }
  await orderAndWait(session, seconds, { command: 'upgrade', args: {}, judge: upgradeJudge })
  if (!session.json) writeLine(session, advice)
  return undefined
}

const startedWords = (postponed: boolean): string =>
  postponed
    ? 'A reload is under way: the new master is started after it.'
    : 'The new master is being started. "tsgunicornc status" tells how it is.'

const advice =
  'End the old one with "tsgunicornc upgrade --complete", or the new one with "tsgunicornc upgrade --back-out".'

const backOut = async (session: Session): Promise<undefined> => {
  const seconds = waitSeconds(session)
  if (seconds !== undefined)
    return await orderAndWait(session, seconds, { command: 'back-out', args: {}, judge: backOutJudge })
  const data = await askServer(session, 'back-out')
  tell(session, data, () => ['The new master is ending; the old one serves on.'])
  return undefined
}

/** The old master is stopped only while a new one serves. */
const complete = async (session: Session): Promise<undefined> => {
  const found = await findServer(session)
  const { upgrade: phase, otherMaster, pid } = found.status
  if (phase !== 'running') {
    found.connection.close()
    const why = phase === 'none' ? 'No upgrade is under way' : 'The new master is not ready yet'
    throw new Failure('failed', `${why}. Begin with "tsgunicornc upgrade --wait".`, { code: 'refused' })
  }
  const seconds = await stopAndWait(session, found, {}, waitSeconds(session) ?? defaultWait)
  tell(session, { pid, successor: otherMaster, seconds }, () => [
    `The old master (pid ${pid}) has ended; pid ${otherMaster ?? 'unknown'} serves.`,
  ])
  return undefined
}
