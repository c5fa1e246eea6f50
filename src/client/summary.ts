/** The lines above the table of workers: what the server is and how it is. Pure; `now` is in milliseconds. */
import type { Status } from '../control/status.ts'
import type { Style } from './table.ts'
import { cut, harmless } from './text.ts'
import { ago, count, quick, rate, size, span, unknown } from './units.ts'
import { exitWords } from './workers.ts'
import type { Paint } from './world.ts'

export interface SummaryOptions {
  readonly width: number
  readonly paint: Paint
  readonly now: number
}

/** Each line is at most `width` columns wide. */
export const summaryLines = (status: Status, options: SummaryOptions): readonly string[] => {
  const { width, paint } = options
  const facts = factsOf(status, options.now).map(([label, text, style]) => {
    const shown = cut(harmless(text), Math.max(8, width - labelWidth))
    return `${paint.dim(label.padEnd(labelWidth))}${style === undefined ? shown : style(paint)(shown)}`
  })
  return [titleLine(status, options), ...facts]
}

const labelWidth = 10

const titleLine = (status: Status, { width, paint }: SummaryOptions): string => {
  const words = [
    harmless(status.name),
    stateWords(status),
    `up ${span(status.uptime)}`,
    `pid ${status.pid}`,
    `tsgunicorn ${status.server}`,
  ]
  const line = cut(words.join('  '), width)
  const style = styleOf(status, paint)
  // Painted after it was cut: colours take no columns.
  return line.replace(
    words.slice(0, 2).join('  '),
    () => `${paint.bold(words[0] ?? '')}  ${style(words[1] ?? '')}`,
  )
}

const stateWords = ({ state, ready, alive, role }: Status): string => {
  const health = alive ? (ready ? '' : ', not ready') : ', no worker beats'
  return `${role === 'challenger' ? 'new master, ' : ''}${state}${health}`
}

const styleOf = ({ state, ready, alive }: Status, paint: Paint): Style =>
  !alive ? paint.red : state === 'running' && ready ? paint.green : paint.yellow

type Fact = readonly [label: string, text: string, style?: (paint: Paint) => Style]

const factsOf = (status: Status, now: number): readonly Fact[] => [
  ['app', `${status.app} (${status.worker_class})`],
  ['config', status.config ?? 'no file'],
  ['listens', status.listeners.join(', ') || unknown],
  ['workers', workersWords(status)],
  ['requests', requestsWords(status)],
  ['latency', latencyWords(status)],
  ...reloadFacts(status, now),
  ...upgradeFacts(status, now),
  ...exitFacts(status, now),
]

const workersWords = ({ workers, target, generation, staging, totals }: Status): string => {
  const own = workers.filter(({ kind }) => kind === 'worker')
  const fronts = workers.length - own.length
  const ready = own.filter(({ state }) => state === 'ready').length
  const restarts = Object.values(totals.restarts).reduce((sum, one) => sum + one, 0)
  return [
    `${ready} of ${target} ready`,
    ...(fronts === 0 ? [] : [`${fronts} ${fronts === 1 ? 'front' : 'fronts'}`]),
    `generation ${generation ?? unknown}`,
    ...(staging === null ? [] : [`generation ${staging.generation} is ${staging.step}`]),
    ...(restarts === 0 ? [] : [`${count(restarts)} replaced`]),
  ].join(', ')
}

const requestsWords = ({ totals }: Status): string => {
  const { requests, inFlight, refused, lost, bytesSent, statuses } = totals
  const classes = Object.entries(statuses).filter(([, number]) => number > 0)
  return [
    count(requests),
    `${count(inFlight)} in flight`,
    ...classes.map(([name, number]) => `${name} ${count(number)}`),
    ...(refused === 0 ? [] : [`${count(refused)} refused`]),
    ...(lost === 0 ? [] : [`${count(lost)} lost`]),
    `${size(bytesSent)} sent`,
  ].join(', ')
}

const latencyWords = ({ totals }: Status): string => {
  const took = (seconds: number) => (seconds === 0 ? unknown : quick(seconds))
  return `${rate(totals.rate)} requests/s, p50 ${took(totals.p50)}, p95 ${took(totals.p95)}`
}

const red = (paint: Paint): Style => paint.red

const reloadFacts = ({ lastReload: last }: Status, now: number): readonly Fact[] => {
  if (last === null) return []
  const where = `generation ${last.generation}, ${ago(last.at, now)}`
  return last.ok
    ? [['reload', `ok: ${where}, took ${quick(last.seconds)}`]]
    : [['reload', `failed: ${where}: ${last.message ?? 'no reason was given'}`, red]]
}

const upgradeFacts = ({ upgrade, otherMaster, lastUpgrade: last }: Status, now: number): readonly Fact[] => {
  if (upgrade !== 'none')
    return [['upgrade', `${upgrade}, the other master is pid ${otherMaster ?? unknown}`]]
  if (last === null) return []
  return last.ok
    ? [['upgrade', `ok, ${ago(last.at, now)}`]]
    : [['upgrade', `failed ${ago(last.at, now)}: ${last.message ?? 'no reason was given'}`, red]]
}

const exitFacts = ({ lastExit: last }: Status, now: number): readonly Fact[] =>
  last === null
    ? []
    : [['last exit', `worker ${last.age} (pid ${last.pid}), ${ago(last.at, now)}: ${exitWords(last)}`]]
