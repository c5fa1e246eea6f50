/** Who is meant by a pid, and who can be asked anything. */
import { ServerError } from '../../errors.ts'
import type { Member } from '../crew.ts'
import type { Office } from '../office.ts'
import type { Phase, Worker } from '../state.ts'

export interface Known {
  readonly member: Member
  readonly worker: Worker
}

const able: readonly Phase[] = ['ready', 'leaving', 'retiring']

/** Those that have been ready and are not being ended: they hear questions, and signals for debuggers do not kill them. */
export const isAble = ({ worker }: Known): boolean => able.includes(worker.phase)

export function everyone({ crew, state }: Office): Known[] {
  return state().workers.flatMap((worker) => {
    const member = crew.get(worker.age)
    return member ? [{ member, worker }] : []
  })
}

/** Throws ServerError TSG_WORKER_UNKNOWN. */
export function knownBy(office: Office, pid: number): Known {
  const known = everyone(office).find(({ member }) => member.child.pid === pid)
  if (known) return known
  throw new ServerError(
    'TSG_WORKER_UNKNOWN',
    `No worker has the pid ${pid}: see status for those that there are.`,
  )
}
