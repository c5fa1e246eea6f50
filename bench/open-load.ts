/** Starts and ends the open-loop generator (open-load-main.ts), which is a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Asked, OpenLoadNews, OpenLoadPlan } from './open-load-types.ts'

const tsx = createRequire(import.meta.url).resolve('tsx')
const entry = fileURLToPath(new URL('./open-load-main.ts', import.meta.url))

export interface OpenLoad {
  /** Lets the requests under way end; gives all, in the order in which they ended. */
  readonly stop: () => Promise<readonly Asked[]>
  /** Ends the process at once; nothing when it has ended. */
  readonly kill: () => void
}

/** The clock of `Asked`: milliseconds, the same in all processes of the machine. */
export const machineNow = (): number => Number(process.hrtime.bigint()) / 1e6

const news = async <T extends OpenLoadNews['type']>(
  child: ChildProcess,
  type: T,
): Promise<Extract<OpenLoadNews, { type: T }>> => {
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the load generator ended with ${code ?? signal} before it ${type}`)
  })
  const told = new Promise<Extract<OpenLoadNews, { type: T }>>((resolve) => {
    child.on('message', (message: OpenLoadNews) => {
      if (message.type === type) resolve(message as Extract<OpenLoadNews, { type: T }>)
    })
  })
  return Promise.race([told, ended])
}

/** Resolves when requests are sent. */
export const openLoad = async (plan: OpenLoadPlan): Promise<OpenLoad> => {
  const child = spawn(process.execPath, ['--import', tsx, entry, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const kill = () => {
    child.kill('SIGKILL')
  }
  await news(child, 'began')
  const stop = async () => {
    const report = news(child, 'report')
    child.send('stop')
    return (await report).asked
  }
  return { stop, kill }
}
