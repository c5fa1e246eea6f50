/** A server of `bench:failure` and `bench:boot`: started in a folder of its own, and ended with all its processes. */
import { spawn } from 'node:child_process'
import { closeSync, cpSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from '../test/support/eventually.ts'
import { freePort } from '../test/support/machine.ts'
import { childrenOf, processesMarked, signalEach } from '../test/support/processes.ts'
import { request } from '../test/support/raw-client.ts'
import type { Scenario } from './failure-scenarios.ts'
import type { Acting } from './peer-deeds.ts'
import type { Contestant, Order, Peer, World } from './peers.ts'
import { endOf, environment } from './wsgi-run.ts'

const applications = fileURLToPath(new URL('./failure', import.meta.url))

export interface RunningPeer extends Acting {
  readonly port: number
  readonly folder: string
  /** Milliseconds from the command to the first right answer. */
  readonly startedIn: number
  /** All its processes, whoever is their parent by now. */
  readonly all: () => readonly number[]
  readonly stop: () => Promise<void>
}

export interface StartOptions {
  readonly world: World
  readonly scenario?: Scenario
  readonly recycleAfter?: number
}

/** Each ends one server at once. */
const running = new Set<() => void>()

/** However this process ends, but for SIGKILL, no server and no folder stays. */
export const endWithAll = (): void => {
  process.once('exit', () => {
    for (const end of running) end()
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
}

/** Something else to be ended at once with this process; gives what takes it back. */
export const endingToo = (end: () => void): (() => void) => {
  running.add(end)
  return () => {
    running.delete(end)
  }
}

const rightAnswer = async (port: number): Promise<boolean> => {
  const { status, body } = await request({ port }, '/', { within: 5000 })
  if (status !== 200 || !/^[0-9a-f]{64}$/.test(body))
    throw new Error(`answered ${status} ${body.slice(0, 80)}`)
  return true
}

const environmentOf = (who: Peer, order: Order): NodeJS.ProcessEnv => ({
  ...(order.world.python === undefined ? process.env : environment(order.world.python)),
  PORT: String(order.port),
  WORKERS: String(order.workers),
  NODE_ENV: 'production',
  TSG_BENCH_SERVER: order.folder,
  ...who.environment?.(order),
})

const pidIn = (file: string): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)

/** Starts a server and waits for its right answer. Throws with the end of its log. */
export const startPeer = async (
  who: Contestant,
  { world, scenario, recycleAfter = 0 }: StartOptions,
): Promise<RunningPeer> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
  cpSync(applications, folder, { recursive: true })
  const port = await freePort()
  const order: Order = { world, port, workers: who.workers, folder, scenario, recycleAfter }
  const log = join(folder, 'log')
  const output = openSync(log, 'a')
  const [program = '', ...args] = who.command(order)
  const env = environmentOf(who, order)
  const all = () => processesMarked(`TSG_BENCH_SERVER=${folder}`).map(({ pid }) => pid)
  const endAtOnce = () => {
    signalEach(all(), 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  running.add(endAtOnce)
  const began = performance.now()
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', output, output] })
  closeSync(output)
  let ended: string | undefined
  child.once('error', (error) => {
    ended = `it could not be started: ${error.message}`
  })
  child.once('exit', (code, signal) => {
    ended = `it ended with ${code ?? signal}`
  })
  // A successor is found by the pidfile: the process that was started is gone by then.
  const master = (suffix = '') =>
    who.pidfile === undefined ? (child.pid ?? 0) : pidIn(join(folder, `${who.pidfile}${suffix}`))
  const stop = async () => {
    signalEach(
      [master(), child.pid ?? 0].filter((pid) => all().includes(pid)),
      'SIGTERM',
    )
    await eventually(() => all().length === 0, { within: 2500, every: 100 }).catch(() => undefined)
    // A supervisor may replace what is killed before it is killed itself.
    const noneLeft = () => {
      const left = all()
      signalEach(left, 'SIGKILL')
      return left.length === 0
    }
    await eventually(noneLeft, { within: 5000, every: 50, what: `${who.name} to end` })
    endAtOnce()
    running.delete(endAtOnce)
  }
  const workers = (of = master()) =>
    childrenOf(of)
      .filter(({ pid, command }) => who.isWorker.test(command) && pid !== master('.2'))
      .map(({ pid }) => pid)
  try {
    const isThere = () => ended !== undefined || rightAnswer(port)
    await eventually(isThere, { within: 20_000, every: 5, what: 'an answer' })
    const startedIn = performance.now() - began
    if (ended !== undefined) throw new Error(ended)
    await eventually(() => workers().length === who.workers, { within: 10_000, what: 'all workers' })
    return { order, port, folder, startedIn, master, workers, environment: env, all, stop }
  } catch (error) {
    const words = `${error instanceof Error ? error.message : error}; log: ${endOf(log)}`
    await stop()
    throw new Error(words, { cause: error })
  }
}
