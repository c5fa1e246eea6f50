/** `profile cpu|heap PID`. */
import { resolve } from 'node:path'
import { isRecord } from '../../util/is-record.ts'
import { numberOf } from '../arguments.ts'
import { askServer, type Session, tell } from '../session.ts'
import { harmless } from '../text.ts'

const defaultSeconds = 10
/** Milliseconds that the successor, the profile's end and the writing may take beside the looking itself. */
const around = 120_000

export const profile = async (session: Session): Promise<undefined> => {
  const { asked, world } = session
  const [what, pid] = asked.operands
  const seconds = numberOf(asked, 'seconds') ?? defaultSeconds
  const directory = resolve(world.directory, asked.flags.get('output') ?? '.')
  const timeout = asked.flags.has('timeout') ? session.timeout : seconds * 1000 + around
  const args = { pid: Number(pid), what, directory, ...(what === 'cpu' ? { seconds } : {}) }
  const data = await askServer(session, 'profile', args, timeout)
  tell(session, data, () => {
    const { file, note } = isRecord(data) ? data : {}
    return [harmless(String(file)), ...(typeof note === 'string' ? [harmless(note)] : [])]
  })
  return undefined
}
