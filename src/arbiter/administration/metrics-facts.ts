/** Prometheus's text of this moment: the status in numbers, with what only metrics tell. */

import type { ListenerFact, Status, WorkerStatus } from '../../control/status.ts'
import { exposition } from '../../metrics/exposition.ts'
import { gaugesOf, totalsOf } from '../../metrics/reading.ts'
import type { Office } from '../office.ts'

export function metricsText(
  { board, state }: Office,
  status: Status,
  listeners: readonly ListenerFact[],
): string {
  const slots = new Map(state().workers.map(({ age, slot }) => [age, slot]))
  return exposition({
    totals: totalsOf(board.totals()),
    version: status.server,
    node: process.version,
    startedAt: Date.parse(status.startedAt) / 1000,
    generation: status.generation,
    ready: status.ready,
    target: status.target,
    workers: status.workers.map((worker) => workerNumbers(worker, slotNumbers(slots.get(worker.age)))),
    listeners,
  })

  function slotNumbers(slot: number | undefined): Float64Array | undefined {
    return slot === undefined ? undefined : board.numbers(slot)
  }
}

function workerNumbers(worker: WorkerStatus, numbers: Float64Array | undefined) {
  const speaksHttp = numbers !== undefined && worker.language === 'javascript' && worker.beatAge !== null
  if (!speaksHttp) return { ...worker, heap: null, waiting: 0, waitingSeconds: 0 }
  const { heap, waiting, waitingSeconds } = gaugesOf(numbers)
  return { ...worker, heap, waiting, waitingSeconds }
}
