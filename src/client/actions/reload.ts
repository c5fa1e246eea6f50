/** `reload`. */
import { isRecord } from '../../util/is-record.ts'
import { reloadJudge } from '../progress.ts'
import { askServer, type Session, tell } from '../session.ts'
import { orderAndWait, waitSeconds } from '../wait.ts'

export const reload = async (session: Session): Promise<undefined> => {
  const seconds = waitSeconds(session)
  if (seconds !== undefined)
    return await orderAndWait(session, seconds, {
      command: 'reload',
      args: {},
      judge: ({ generation }) => reloadJudge(typeof generation === 'number' ? generation : null),
    })
  const data = await askServer(session, 'reload')
  tell(session, data, () => {
    const { generation, postponed } = isRecord(data) ? data : {}
    return postponed === true
      ? ['Another reload is under way: this one follows it.']
      : [`Generation ${generation} is on its way. "tsgunicornc status" tells how it went.`]
  })
  return undefined
}
