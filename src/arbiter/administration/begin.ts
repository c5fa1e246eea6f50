/** Makes the administration, once there are workers that boot, and begins to serve it. */
import type { Office } from '../office.ts'
import { noCounts } from './counts.ts'
import { MasterAdministration } from './create.ts'
import { Journal } from './journal.ts'
import type { Observer } from './prelude.ts'
import { CpuShares } from './shares-of-cpu.ts'
import { MemoryTallies } from './tallies.ts'

/** `hand`: gives over what the judgement is told to from now on. */
export async function beginAdministration(office: Office, hand: (observer: Observer) => void): Promise<void> {
  const tallies = new MemoryTallies()
  const journal = new Journal(office.log, tallies)
  hand((judged, at) => journal.judged(judged, at))
  office.administration = new MasterAdministration({
    office,
    journal,
    counts: noCounts,
    shares: new CpuShares(),
    tallied: () => tallies.all,
  })
}
