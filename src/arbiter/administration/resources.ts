/** The memory of a process with shared pages counted in parts: read without waiting, as the kernel walks all pages for it. */
import { readFile } from 'node:fs/promises'
import { hasCode } from '../../errors.ts'
import { proportionalIn } from '../../metrics/processes.ts'

/** Bytes; null where the system does not tell (not Linux, another user's), or it is gone. */
export async function pssOf(pid: number): Promise<number | null> {
  try {
    return proportionalIn(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? null
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null
    throw error
  }
}
