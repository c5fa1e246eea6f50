/**
 * Hostile clients at full size: `npm run bench:hostile -- [--app fetch|node] [--each N] [--idle N] [--apart]
 * [--only WORDS] [--json FILE]`. A probe asks 50 times a second all the while: its latency, the worker's memory and who was not
 * ended are the outcome. Exits with 1 when a probe failed, its 99th percentile is above 100 ms, idle connections take
 * more than 150 MB, an offender stays, or the worker was replaced. `--apart` lets each kind loose alone,
 * `--only` those whose name has these words.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  type Ended,
  type HostilePlan,
  loose,
  offences,
  shortPatience,
  victims,
} from '../test/support/hostile.ts'
import { request } from '../test/support/raw-client.ts'
import { memoryOf } from './measure.ts'
import { type Served, serve } from './serve.ts'

const { values: options } = parseArgs({
  options: {
    app: { type: 'string', default: 'fetch' },
    each: { type: 'string', default: '50' },
    idle: { type: 'string', default: '10000' },
    apart: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
if (options.app !== 'fetch' && options.app !== 'node')
  throw new Error(`--app: '${options.app}' is not fetch or node`)
const app = victims[options.app]
const patience = 15_000
const mega = 1_048_576

interface Watched {
  readonly probes: number
  readonly failed: readonly string[]
  readonly p99: number
  readonly slowest: number
  /** The most that the worker had resident meanwhile, in bytes. */
  readonly peak: number
}

/** Probes until `work` is done; one that is late is waited for, as a client would. */
const watch = async (served: Served, work: Promise<unknown>): Promise<Watched> => {
  let over = false
  const done = work.finally(() => {
    over = true
  })
  const times: number[] = []
  const failed: string[] = []
  const pid = served.worker()
  let peak = 0
  while (!over) {
    const began = performance.now()
    try {
      const { status } = await request({ port: served.port }, '/', { within: 5000 })
      if (status !== 200) failed.push(`status ${status}`)
      times.push(performance.now() - began)
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error))
    }
    if (served.worker() !== pid)
      throw new Error(`the worker was replaced; log:\n${served.log().slice(-3000)}`)
    peak = Math.max(peak, memoryOf(pid).rss)
    await pause(Math.max(0, 20 - (performance.now() - began)))
  }
  await done
  const sorted = times.toSorted((a, b) => a - b)
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  return { probes: times.length, failed, p99, slowest: sorted.at(-1) ?? Number.NaN, peak }
}

interface Line extends Watched {
  readonly what: string
  readonly unended: Readonly<Record<string, number>>
}

const print = ({ what, probes, failed, p99, slowest, peak, unended }: Line): void => {
  const left = Object.entries(unended).map(([name, count]) => `${count} x ${name}`)
  console.log(
    `| ${what} | ${probes} | ${failed.length} | ${p99.toFixed(1)} | ${slowest.toFixed(1)} | ${(peak / mega).toFixed(0)} | ${left.join(', ') || 'none'} |`,
  )
}

const countUnended = (ended: readonly Ended[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { name, after } of ended) if (after === undefined) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const attack = async (served: Served, what: string, names?: readonly string[]): Promise<Line> => {
  const plan: HostilePlan = {
    port: served.port,
    each: Number(options.each),
    patience,
    ...(names && { names }),
  }
  const { news, stop } = loose(plan)
  try {
    const watched = await watch(served, news)
    const told = await news
    return { what, ...watched, unended: told.type === 'ended' ? countUnended(told.ended) : {} }
  } finally {
    stop()
  }
}

const standIdle = async (): Promise<Line> => {
  const count = Number(options.idle)
  const served = await serve(app, { ...shortPatience, keepalive: 120, loglevel: 'warning' })
  const { news, stop } = loose({ port: served.port, idle: count, each: 0, patience })
  try {
    await watch(served, news)
    const told = await news
    // What opening them left behind is for the collector; what counts is what idle ones hold.
    const watched = await watch(served, pause(10_000))
    const open = told.type === 'idle' ? told.open : 0
    return { what: `${open} idle connections`, ...watched, unended: {} }
  } finally {
    stop()
    await served.stop()
  }
}

const offend = async (): Promise<Line[]> => {
  const served = await serve(app, { ...shortPatience, loglevel: 'warning' })
  try {
    const lines: Line[] = []
    const show = (line: Line) => {
      print(line)
      lines.push(line)
    }
    const chosen = offences.filter(({ name }) => name.includes(options.only))
    if (options.apart || options.only !== '')
      for (const { name } of chosen) show(await attack(served, name, [name]))
    else show(await attack(served, `${offences.length} offences, ${options.each} of each at once`))
    return lines
  } finally {
    await served.stop()
  }
}

console.log(
  `node ${process.version}, ${options.app} app; a probe 50 times a second, milliseconds; MB resident in the worker`,
)
console.log(
  '| while | probes | failed | p99 | slowest | most MB | not ended |\n|---|---|---|---|---|---|---|',
)
const idleLine = Number(options.idle) > 0 ? await standIdle() : undefined
if (idleLine !== undefined) print(idleLine)
const lines = Number(options.each) > 0 ? await offend() : []
const all = idleLine === undefined ? lines : [idleLine, ...lines]
const bad = all.filter(
  ({ failed, p99, unended }) => failed.length > 0 || !(p99 <= 100) || Object.keys(unended).length > 0,
)
for (const { what, failed } of bad)
  if (failed.length > 0) console.error(`${what}: ${[...new Set(failed)].join('; ')}`)
if (idleLine !== undefined && idleLine.peak > 150 * mega) bad.push(idleLine)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`)
process.exitCode = bad.length > 0 ? 1 : 0
