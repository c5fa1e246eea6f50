/** One server in one scenario: load before, while and after something is done to it. And what it can do at most. */
import { setTimeout as pause } from 'node:timers/promises'
import { failedAfter, phasesOf, stripOf } from './failure-phases.ts'
import type { FailureRow } from './failure-results.ts'
import { mostPerSecond, requestTimeout, type Scenario, windows } from './failure-scenarios.ts'
import { burst } from './http-workloads.ts'
import { machineNow, openLoad } from './open-load.ts'
import { endingToo, startPeer } from './peer-run.ts'
import type { Contestant, World } from './peers.ts'

const kept = { name: 'failure', task: 'hello', headers: [], answer: '', short: false } as const

/** Requests a second in a closed loop of kept connections. */
export const capacityOf = async (who: Contestant, world: World, seconds: number): Promise<number> => {
  const server = await startPeer(who, { world })
  try {
    const load = { port: server.port, workload: kept, folder: server.folder, before: [] }
    await burst({ ...load, seconds: 1 })
    return (await burst({ ...load, seconds })).perSecond
  } finally {
    await server.stop()
  }
}

export const rateFor = (capacity: number): number => Math.min(mostPerSecond, Math.round(capacity / 2))

/** Even when one worker gets no request at all in the first two windows, none of the others has then got more. */
const recycleAfterAt = (rate: number, workers: number): number =>
  Math.round((rate * (windows.warm + windows.before)) / 1000 / Math.max(1, workers - 1))

/** Gives the moments, and whether it settled; the load runs on. */
const perform = async (act: () => Promise<void>) => {
  await pause(windows.warm)
  const began = machineNow()
  await pause(windows.before)
  const order = machineNow()
  let why = ''
  await act().catch((error: unknown) => {
    why = error instanceof Error ? error.message : String(error)
  })
  const done = machineNow()
  await pause(Math.max(0, order + windows.during - done))
  const settled = machineNow()
  await pause(windows.after)
  return { why, took: done - order, moments: { began, order, settled, ended: machineNow() } }
}

export interface TrialOptions {
  readonly world: World
  readonly scenario: Scenario
  readonly rate: number
  readonly round: number
}

/** Gives its row, and why the server did not settle ('' when it did). */
export const trial = async (
  who: Contestant,
  { world, scenario, rate, round }: TrialOptions,
): Promise<{ row: FailureRow; why: string }> => {
  const deed = who.deeds[scenario]
  if (typeof deed !== 'function') throw new Error(`${who.name}: ${deed.cannot}`)
  const server = await startPeer(who, { world, scenario, recycleAfter: recycleAfterAt(rate, who.workers) })
  try {
    const load = await openLoad({ port: server.port, rate, freshEvery: 4, timeout: requestTimeout })
    const release = endingToo(load.kill)
    const { why, took, moments } = await perform(() => deed(server))
    const asked = await load.stop()
    release()
    const row: FailureRow = {
      ...{ server: who.name, scenario, round, rate },
      phases: phasesOf(asked, moments),
      settled: why === '' ? Math.round(took) : null,
      failedLater: failedAfter(asked, moments.order + 100),
      ...(round === 1 ? { strip: stripOf(asked, moments) } : {}),
    }
    return { row, why }
  } finally {
    await server.stop()
  }
}
