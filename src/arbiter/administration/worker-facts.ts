/** A worker or front as the status tells of it: what the judgement, the board and the system know. */
import type { ExitFact, WorkerStatus } from '../../control/status.ts'
import { gaugesOf, tallyOf } from '../../metrics/reading.ts'
import type { Beat } from '../../system/board-format.ts'
import type { Worker } from '../state.ts'
import { reasonOf } from './differences.ts'

export interface Seen {
  readonly worker: Worker
  readonly language: WorkerStatus['language']
  readonly beat: Beat
  readonly numbers: Float64Array
  /** Monotonic milliseconds: since when there is a process. */
  readonly since: number | undefined
  readonly cpuSeconds: number | null
  readonly cpu: number | null
  readonly pss: number | null
  readonly lastExit: ExitFact | null
}

/** `now`: monotonic milliseconds. Pure. */
export function workerFacts(seen: Seen, now: number): WorkerStatus {
  const { worker, language, beat, since, lastExit } = seen
  const isBeating = beat.beat > 0
  const { age, role: kind, phase: state, generation } = worker
  return {
    age,
    pid: 'pid' in worker ? worker.pid : null,
    kind,
    language,
    state,
    reason: reasonOf(worker),
    generation,
    uptime: since === undefined ? null : (now - since) / 1000,
    beatAge: isBeating ? Math.max(0, now - beat.beat) / 1000 : null,
    ...trafficOf(seen),
    cpuSeconds: seen.cpuSeconds,
    cpu: seen.cpu,
    rss: isBeating ? beat.rss : null,
    pss: seen.pss,
    lastExit,
  }
}

type Traffic = Pick<WorkerStatus, 'requests' | 'inFlight' | 'connections' | 'rate' | 'p50' | 'p95' | 'lag'>

/** Before the first beat. */
const nothing: Traffic = {
  requests: 0,
  inFlight: null,
  connections: null,
  rate: null,
  p50: null,
  p95: null,
  lag: null,
}

/** Python workers speak no HTTP: their fronts count what is in flight, and their connections. */
function trafficOf({ language, beat, numbers }: Seen): Traffic {
  if (beat.beat === 0) return nothing
  const { rate, p50, p95, lag } = gaugesOf(numbers)
  if (language === 'python') return { ...nothing, requests: beat.requests, rate, p50, p95 }
  const { finished: requests, inFlight } = tallyOf(numbers)
  return { requests, inFlight, connections: beat.connections, rate, p50, p95, lag }
}
