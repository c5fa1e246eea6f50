import { expect, test } from 'vitest'
import { everyKind } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { startLoad } from '../support/load.ts'

test.each(everyKind)(
  '%s app: at worker_connections accepting pauses: nobody is refused, and no worker ends for want of connections',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, args: ['--worker-connections', '3'] })
    const pids = await server.hasWorkers(2)
    const load = await startLoad(server.target, { mode: 'fresh', connections: 20 })
    await load.answered(300)
    const { failures } = await load.stop()
    expect(failures).toEqual([])
    expect(await server.hasWorkers(2)).toEqual(pids)
    await server.assertClean()
  },
)
