/**
 * Under failure: an open loop of requests at half of what each server can do, while it is reloaded, upgraded, resized,
 * killed in part, recycled, and blocked in part. `npm run bench:failure -- [--rounds N] [--seconds S] [--workers N,...]
 * [--peers WORDS] [--scenarios WORDS] [--json FILE]`; WORDS are parts of names, separated by commas; `--seconds` is what
 * the capacity is measured for; all have the first number of workers, and tsgunicorn is measured with the others, too.
 * Within a round the servers take turns in each scenario; each trial starts its server anew. Exits with 0 whatever was
 * measured.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { contestantsOf } from './contestants.ts'
import { errorsOf } from './failure-phases.ts'
import type { FailureResults, FailureRow } from './failure-results.ts'
import { mostPerSecond, requestTimeout, type Scenario, scenarioNames, windows } from './failure-scenarios.ts'
import { capacityOf, rateFor, trial } from './failure-trial.ts'
import { tool } from './http-workloads.ts'
import { endWithAll } from './peer-run.ts'
import { invite } from './peer-world.ts'
import type { Contestant } from './peers.ts'
import { failureTable } from './report/failure-table.ts'
import { plural } from './report/markdown.ts'
import { writeResults } from './report/results.ts'
import { countOf, machineFacts } from './run-facts.ts'

const cores = availableParallelism()
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '2' },
    peers: { type: 'string', default: '' },
    workers: { type: 'string', default: `${2 * cores},${cores}` },
    scenarios: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const [rounds, seconds] = [countOf(options, 'rounds'), countOf(options, 'seconds')]
const [usual = '', ...others] = options.workers.split(',')
const countIn = (workers: string): number => countOf({ workers }, 'workers')
const counts = [countIn(usual), ...others.map(countIn)] as const
const asked = options.scenarios.split(',').map((word) => word.trim())
const chosen = scenarioNames.filter((name) => asked.some((word) => name.includes(word)))
if (chosen.length === 0)
  throw new Error(`--scenarios: '${options.scenarios}' is part of none of: ${scenarioNames.join(', ')}`)

const facts = machineFacts()
const { world, present, skipped, versions } = invite(options.peers)
endWithAll()
const contestants = contestantsOf(present, counts)

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').join(' ').slice(0, 300)
const say = (words: string): void => console.error(words)

const capacity: Record<string, number[]> = {}
const rows: FailureRow[] = []
const cannot: { server: string; scenario: Scenario; why: string }[] = []
const failed: { server: string; scenario: Scenario; why: string }[] = []
const unable = new Map<string, string>()

for (const who of contestants)
  for (const scenario of chosen) {
    const deed = who.deeds[scenario]
    if (typeof deed !== 'function') cannot.push({ server: who.name, scenario, why: deed.cannot })
  }

/** Just before each trial: machines that are shared are not equally fast for long. Undefined when it does not even start. */
const rateOf = async (who: Contestant): Promise<number | undefined> => {
  if (unable.has(who.name)) return undefined
  try {
    const most = await capacityOf(who, world, seconds)
    capacity[who.name] = [...(capacity[who.name] ?? []), Math.round(most)]
    return rateFor(most)
  } catch (error) {
    unable.set(who.name, firstLine(error))
    say(`${who.name}: ${firstLine(error)}`)
    return undefined
  }
}

for (let round = 1; round <= rounds; round += 1) {
  for (const scenario of chosen)
    for (const who of contestants) {
      if (typeof who.deeds[scenario] !== 'function') continue
      const rate = await rateOf(who)
      if (rate === undefined) continue
      try {
        const { row, why } = await trial(who, { world, scenario, rate, round })
        rows.push(row)
        const [before, during, after] = [row.phases.before, row.phases.during, row.phases.after]
        const p99 = `p99 ${before.p99}, ${during.p99}, ${after.p99} ms`
        const errors = [before, during, after].map(errorsOf).join(', ')
        const end = row.settled === null ? `not settled: ${firstLine(why)}` : `settled in ${row.settled} ms`
        say(`${round}/${rounds} ${scenario}, ${who.name}, ${rate}/s: errors ${errors}; ${p99}; ${end}`)
      } catch (error) {
        failed.push({ server: who.name, scenario, why: firstLine(error) })
        say(`${scenario}, ${who.name}: ${firstLine(error)}`)
      }
    }
}

const results: FailureResults = {
  ...facts,
  how: [
    `${counts[0]} workers on ${plural(cores, 'core')}, or as many as -w says`,
    `open loop at half of each server's capacity (${tool}, 64 kept connections, ${seconds} s, before each trial), at most ${mostPerSecond} requests a second`,
    'one request of four on a connection of its own, the others on kept ones; nothing is retried',
    `a request without an answer after ${requestTimeout / 1000} s has failed; latency counts from the moment a request was due`,
    `${windows.before / 1000} s before, at least ${windows.during / 1000} s from the order on, ${windows.after / 1000} s after`,
    `${rounds} round${rounds === 1 ? '' : 's'}`,
  ].join('; '),
  versions,
  skipped: { ...skipped, ...Object.fromEntries(unable) },
  ...{ capacity, rows, cannot, failed },
}
console.log(failureTable(results))
if (options.json !== undefined) writeResults(options.json, results)
