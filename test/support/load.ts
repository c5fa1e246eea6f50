/**
 * Starts, watches and ends load generators. What load is, and what counts as a failure, says load-main.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import type { LoadNews, LoadOrder, LoadPlan, LoadReport } from './load-types.ts'
import type { Target } from './raw-client.ts'

export type { LoadReport } from './load-types.ts'

/** `enter`: the command under which the generator runs, to be on another host (hosts.ts). */
export type LoadOptions = Partial<Omit<LoadPlan, 'target'>> & { readonly enter?: readonly string[] }

const tsx = createRequire(import.meta.url).resolve('tsx')
const entry = fileURLToPath(new URL('./load-main.ts', import.meta.url))

const defaults = { mode: 'fresh', connections: 8, path: '/', expectBody: 'hello', timeout: 15_000 } as const

export class Load {
  readonly #child: ChildProcess
  readonly #label: string
  #answered = 0
  #failed = 0
  #report: LoadReport | undefined
  #died: string | undefined

  constructor(child: ChildProcess, label: string) {
    this.#child = child
    this.#label = label
    child.on('message', (news: LoadNews) => {
      if (news.type === 'report') this.#report = news.report
      else this.#progressed(news)
    })
    child.on('exit', (code, signal) => {
      if (this.#report === undefined) this.#died = `the load generator ended early: ${code ?? signal}`
    })
  }

  /** Resolves when `more` further requests have been answered. */
  async answered(more = 50, within = 20_000): Promise<void> {
    const from = await this.#progress()
    await eventually(async () => (await this.#progress()) >= from + more, {
      within,
      what: `${more} more answers`,
    })
  }

  /** How many requests had failed when the generator last told. */
  get failedSoFar(): number {
    return this.#failed
  }

  /** Resolves when at least `count` requests have failed. */
  async failed(count = 1, within = 20_000): Promise<void> {
    await eventually(
      async () => {
        await this.#progress()
        return this.#failed >= count
      },
      { within, what: `${count} failures` },
    )
  }

  /** Lets the requests under way end, and tells what happened. */
  async stop(): Promise<LoadReport> {
    this.#order('stop')
    const report = await eventually(() => this.#aliveOr(this.#report), { within: 40_000, what: 'the report' })
    console.log(`${this.#label}: ${summary(report)}`)
    return report
  }

  #progressed({ answered, failed }: { readonly answered: number; readonly failed: number }): void {
    this.#answered = answered
    this.#failed = failed
  }

  async #progress(): Promise<number> {
    const seen = this.#answered
    if (this.#report !== undefined) throw new Error(`the load ended by itself: ${summary(this.#report)}`)
    this.#order('progress')
    // The count only grows; an old one is a safe lower bound while the new one is on its way.
    return this.#aliveOr(seen)
  }

  #order(order: LoadOrder): void {
    // It may just have ended: then its report says more than this error.
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  #aliveOr<T>(value: T): T {
    if (this.#died !== undefined && value === undefined) throw new Error(this.#died)
    return value
  }
}

const countKinds = (failures: LoadReport['failures']): string => {
  const counts = new Map<string, number>()
  for (const { kind } of failures) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none'
}

const summary = (report: LoadReport): string =>
  `${report.answered} of ${report.requests} answered in ${report.seconds.toFixed(1)} s, ` +
  `${report.connections} connections, ${report.idleEndings} idle endings, ` +
  `p50 ${report.p50} p99 ${report.p99} max ${report.slowest} ms, failures: ${countKinds(report.failures)}`

/** Puts load on `target` until `stop`; it ends with the test in any case. */
export const startLoad = async (
  target: Target,
  { enter = [], ...options }: LoadOptions = {},
): Promise<Load> => {
  const plan: LoadPlan = { ...defaults, ...options, target }
  const [command = '', ...args] = [...enter, process.execPath, '--import', tsx, entry, JSON.stringify(plan)]
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const load = new Load(child, `${'path' in target ? 'unix' : 'tcp'} ${plan.mode}`)
  await load.answered(1)
  return load
}

/** Both kinds of clients at once, at a constant rate. */
export const startMixedLoad = async (
  targets: readonly Target[],
  { rate = 100, ...options }: LoadOptions = {},
): Promise<{ answered: (more?: number) => Promise<void>; stop: () => Promise<LoadReport[]> }> => {
  const modes = ['fresh', 'keepalive'] as const
  const loads = await Promise.all(
    targets.flatMap((target) => modes.map((mode) => startLoad(target, { ...options, mode, rate }))),
  )
  return {
    answered: async (more = 50) => {
      await Promise.all(loads.map((load) => load.answered(more)))
    },
    stop: () => Promise.all(loads.map((load) => load.stop())),
  }
}
