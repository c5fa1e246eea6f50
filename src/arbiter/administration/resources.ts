/** What a process uses, from /proc (proc(5)); null where that does not tell, or the process is gone. */
import { readFile } from 'node:fs/promises'
import { hasCode } from '../../errors.ts'
import { readProc } from '../../util/proc-sockets.ts'

/** USER_HZ. */
const ticksPerSecond = 100

/** Seconds of processor time since its start, of its own and of the system for it. */
export function cpuSecondsOf(pid: number): number | null {
  const text = readProc(`${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : null
}

/** Its share of memory in bytes, pages that others have too divided by their number. The kernel adds it up: milliseconds. */
export async function pssOf(pid: number): Promise<number | null> {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1')
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null
    throw error
  }
}
