/** Opens the control socket of the administration, and tells it what becomes of the master. */
import { tmpdir } from 'node:os'
import type { Administration } from '../../control/administration.ts'
import { createControl } from '../../control/control.ts'
import type { Office } from '../office.ts'
import { peerOf } from './peers.ts'

/** Resolves when it is open, or cannot be opened; never rejects. */
export async function serveAdministration(
  office: Office,
  administration: Promise<Administration>,
): Promise<void> {
  const { XDG_RUNTIME_DIR: runtimeFolder } = office.options.environment()
  const control = createControl({
    administration,
    log: office.log,
    peer: peerOf,
    config: office.config,
    challenger: office.state().role === 'challenger',
    directory: process.cwd(),
    runtimeFolder,
    temporaryFolder: tmpdir(),
  })
  office.attendants.push({
    follow: (config) => void control.follow(config),
    promoted: () => void control.promote(),
    close: () => control.close(),
  })
  await control.open()
}
