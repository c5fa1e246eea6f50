/**
 * Profiles of this process, as Chrome's developer tools and speedscope read them. A file that exists is never written to,
 * and a new one is for its owner alone: heaps hold passwords. Rejects with the system's error.
 */
import { createWriteStream } from 'node:fs'
import { unlink, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { getHeapSnapshot } from 'node:v8'

const anew = { flag: 'wx', mode: 0o600 } as const

/** Samples the processor for so many seconds, while requests are served: each millisecond, as V8 does by itself. */
export async function profileCpu(file: string, seconds: number): Promise<void> {
  // First, so that nobody waits for a profile that has no place.
  await writeFile(file, '', anew)
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await delay(seconds * 1000)
    const { profile } = await session.post('Profiler.stop')
    await writeFile(file, JSON.stringify(profile))
  } catch (error) {
    await unlink(file)
    throw error
  } finally {
    session.disconnect()
  }
}

/** Blocks the loop while V8 walks the heap: about a second for 100 MB. */
export async function writeHeap(file: string): Promise<void> {
  await writeFile(file, '', anew)
  try {
    await pipeline(getHeapSnapshot(), createWriteStream(file, { flags: 'r+' }))
  } catch (error) {
    await unlink(file)
    throw error
  }
}
