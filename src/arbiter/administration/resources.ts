/** The memory of a process with shared pages counted in parts: read without waiting, as the kernel walks all pages for it. */
import { readFile } from 'node:fs/promises'
import { hasCode } from '../../errors.ts'
import { proportionalIn } from '../../metrics/processes.ts'

/** Milliseconds that an answer stands: who scrapes each second is not to have the kernel walk a gigabyte of pages for it. */
const keptMs = 10_000

const kept = new Map<number, { readonly at: number; readonly bytes: Promise<number | null> }>()

/** The same of a moment ago, at most ten seconds. `now`: monotonic milliseconds. */
export function recentPssOf(pid: number, now: number): Promise<number | null> {
  for (const [other, { at }] of kept) if (now - at > keptMs) kept.delete(other)
  const known = kept.get(pid)
  if (known) return known.bytes
  const bytes = pssOf(pid)
  kept.set(pid, { at: now, bytes })
  return bytes
}

/** Bytes; null where the system does not tell (not Linux, another user's), or it is gone. */
export async function pssOf(pid: number): Promise<number | null> {
  try {
    return proportionalIn(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? null
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null
    throw error
  }
}
