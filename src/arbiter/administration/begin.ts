/** Makes the administration, once there are workers that boot, and has what happens told to it. */
import type { Administration } from '../../control/administration.ts'
import { reloadPlace, restartPlace } from '../../metrics/own-counters.ts'
import type { Office } from '../office.ts'
import { MasterAdministration } from './create.ts'
import { Journal } from './journal.ts'
import type { Observer } from './prelude.ts'
import { CpuShares } from './shares-of-cpu.ts'

/** `hand`: gives over what the judgement is told to from now on. */
export async function beginAdministration(
  office: Office,
  hand: (observer: Observer) => void,
): Promise<Administration> {
  const { board, log } = office
  const journal = new Journal(log, {
    restart: (reason) => board.count(restartPlace(reason)),
    reload: (outcome) => board.count(reloadPlace(outcome)),
  })
  hand((judged, at) => journal.judged(judged, at))
  const administration = new MasterAdministration({ office, journal, shares: new CpuShares() })
  office.administration = administration
  return administration
}
