/** What a master might know, for the tests of the catalogue. */
import type { MetricsInput, WorkerNumbers } from '../../../src/metrics/catalogue.ts'
import { restartPlace } from '../../../src/metrics/own-counters.ts'
import { totalsOf } from '../../../src/metrics/reading.ts'
import { firstBucket, placeOf } from '../../../src/metrics/slot.ts'
import { boardNumbers } from '../../../src/system/board-format.ts'

const numbers = new Float64Array(boardNumbers)
numbers[placeOf('begun')] = 1237
numbers[placeOf('finished')] = 1234
numbers[placeOf('status2')] = 1200
numbers[placeOf('status5')] = 30
numbers[placeOf('lost')] = 4
numbers[placeOf('seconds')] = 12.5
numbers.set([1000, 200, 0, 0, 0, 30], firstBucket)
numbers[firstBucket + 15] = 4
numbers[restartPlace('timeout')] = 2

const worker: WorkerNumbers = {
  age: 2,
  pid: 4711,
  kind: 'worker',
  state: 'ready',
  beatAge: 0.4,
  requests: 1234,
  connections: 7,
  lag: 0.001,
  cpuSeconds: 3.25,
  rss: 50e6,
  pss: 20e6,
  heap: 9e6,
  waiting: 0,
  waitingSeconds: 0,
}

export const input: MetricsInput = {
  totals: totalsOf(numbers),
  version: '0.1.0',
  node: 'v20.19.0',
  startedAt: 1_800_000_000.25,
  generation: 3,
  ready: true,
  target: 2,
  workers: [
    worker,
    {
      ...worker,
      age: 3,
      kind: 'front',
      state: 'retiring',
      connections: null,
      pss: null,
      waiting: 5,
      waitingSeconds: 0.25,
    },
  ],
  listeners: [
    { name: 'http://127.0.0.1:8000', queued: 4 },
    { name: 'unix:/run/app.sock', queued: null },
  ],
}
