/** The core with a front and fake workers, and what its stories are told with. */
import { afterEach } from 'vitest'
import { createFront } from '../../../src/front/create.ts'
import type { Front, FrontOptions } from '../../../src/front/front.ts'
import type { HttpPolicy } from '../../../src/http/policy.ts'
import type { WorkerAddress } from '../../../src/ipc/messages.ts'
import { eventually } from '../../support/eventually.ts'
import { serveCore } from '../http/core/harness.ts'
import type { FakeWorker } from './fake-worker.ts'

const fronts: Front[] = []
afterEach(() => {
  for (const front of fronts.splice(0)) front.close()
})

export interface ServedFront {
  readonly front: Front
  readonly port: number
  readonly logs: { level: string; message: string }[]
  readonly usable: number
  readonly url: (path: string) => string
  readonly errors: { error: unknown; where: string }[]
}

export const addressOf = (worker: FakeWorker, age = 1, threads = 1): WorkerAddress => ({
  age,
  pid: 1000 + age,
  path: worker.path,
  threads,
})

/** A front with these workers, whose channels are open. */
export const serveFront = async (
  workers: readonly FakeWorker[],
  options: Partial<FrontOptions> & { threads?: number; policy?: Partial<HttpPolicy> } = {},
): Promise<ServedFront> => {
  const { threads = 1, policy, ...more } = options
  const logs: ServedFront['logs'] = []
  const told = { usable: 0 }
  const front = createFront({
    token: 'secret',
    queueLimit: 100,
    usable: () => {
      told.usable += 1
    },
    log: (level, message) => logs.push({ level, message }),
    ...more,
  })
  fronts.push(front)
  const { port, errors } = await serveCore(front.consumer, policy)
  front.workers(workers.map((worker, at) => addressOf(worker, at + 1, threads)))
  await eventually(() => workers.every(({ data, mute }) => mute || data.length === threads))
  if (workers.length > 0) await eventually(() => told.usable > 0 || workers.some(({ mute }) => mute))
  return {
    front,
    port,
    logs,
    errors,
    url: (path) => `http://127.0.0.1:${port}${path}`,
    get usable() {
      return told.usable
    },
  }
}
