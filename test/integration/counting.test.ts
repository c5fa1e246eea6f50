/** What is counted is what was asked, whatever becomes of the processes that answer. */
import { closeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { everyKind } from '../support/apps.ts'
import { busySlotsIn, countedIn, openBoard } from '../support/board.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startMixedLoad } from '../support/load.ts'
import { signalEach } from '../support/processes.ts'

/** So many that a worker lives for some beats, once a second, before it is recycled: they say how quick it is. */
const args = ['-p', 'server.pid', '--max-requests', '200', '--max-requests-jitter', '50']

/** What is counted once nothing is under way. What a client has read is counted by the end of a turn: two looks agree. */
const calm = (board: number) => {
  let last = ''
  return eventually(
    () => {
      const counted = countedIn(board)
      const same = JSON.stringify(counted) === last
      last = JSON.stringify(counted)
      return same && counted.begun === counted.finished && counted
    },
    { every: 100 },
  )
}

const askSome = async (server: Daemon): Promise<number> => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => server.get()))
  return answers.length
}

test.runIf(process.platform === 'linux').each(everyKind)(
  '%s app: nothing is lost by a reload, recycling, an upgrade, or the death of every worker',
  { timeout: 90_000 },
  async (kind, app) => {
    const server = await start({ app: app(), workers: 2, args })
    const board = openBoard(server.pid)
    const before = await calm(board)
    const load = await startMixedLoad([server.target], { rate: 150 })
    await server.logged(/max_requests/)
    await server.reload(2)
    await load.answered(60)
    const after = server.logEnd()
    server.signal('SIGUSR2', server.masterPid())
    await server.logged(/The new master is ready/, { after })
    await load.answered(60)
    server.signal('SIGTERM', server.pid)
    await server.exited()
    await server.logged(/Master has been promoted/, { after })
    await load.answered(60)
    // Python workers, too, say how quick they are; only who speaks HTTP has a heap of V8's.
    const busy = await eventually(() => {
      const slots = busySlotsIn(board).filter(({ p50, p95 }) => p50 > 0 && p95 >= p50)
      const served = slots.filter(({ heap }) => heap > 1e6)
      return served.length > 0 && (kind !== 'WSGI' || slots.length > served.length) && slots
    })
    for (const { p95, lag, waiting } of busy)
      expect([p95 < 15, lag < 5, waiting < 100]).toEqual([true, true, true])
    const reports = await load.stop()
    for (const { failures } of reports) expect(failures).toEqual([])
    const answered = reports.reduce((sum, report) => sum + report.answered, 0)
    const loaded = await calm(board)
    expect(loaded.finished - before.finished).toBe(answered)
    expect(loaded.status2 - before.status2).toBe(answered)
    expect(loaded.lost).toBe(0)
    const asked = await askSome(server)
    const doomed = server.workerPids()
    const alive = await calm(board)
    expect(alive.finished - loaded.finished).toBe(asked)
    signalEach(doomed, 'SIGKILL')
    await server.hasWorkers(2, { not: doomed })
    const more = await askSome(server)
    const revived = await calm(board)
    expect(revived.finished - alive.finished).toBe(more)
    expect(revived.lost).toBe(0)
    closeSync(board)
    await server.assertClean({ allows: [/was sent SIGKILL/] })
  },
)
