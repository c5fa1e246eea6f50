/**
 * Trivial requests a second: tsgunicorn with two workers against a node:cluster server with two, alternating
 * rounds, medians. `npm run bench:hello [rounds] [seconds]`. The load comes from wrk where it is installed,
 * else from autocannon, which is itself slower than two workers: then the processor time a request costs the
 * server (master and workers together) tells more than the rate.
 */
import { execFile, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { type Contestant, cpuTimeOf, startContestant } from './measure.ts'
import { median, spread } from './statistics.ts'

const run = promisify(execFile)
const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 5)
const connections = 50

const hasWrk = spawnSync('wrk', ['-v']).error === undefined

const byWrk = async (port: number): Promise<number> => {
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    `http://127.0.0.1:${port}/`,
  ])
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`failed requests:\n${stdout}`)
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN)
}

const byAutocannon = async (port: number): Promise<number> => {
  const program = createRequire(import.meta.url).resolve('autocannon')
  const args = ['-j', '-n', '-c', String(connections), '-d', String(seconds), `http://127.0.0.1:${port}/`]
  const { stdout } = await run(process.execPath, [program, ...args], { maxBuffer: 16_777_216 })
  const result: { errors: number; non2xx: number; requests: { average: number } } = JSON.parse(stdout)
  if (result.errors + result.non2xx > 0) throw new Error(`failed requests: ${stdout}`)
  return result.requests.average
}

const load = hasWrk ? byWrk : byAutocannon
const contestants = ['cluster', 'tsgunicorn'] as const satisfies readonly Contestant[]
interface Result {
  /** Requests a second. */
  readonly rates: number[]
  /** Microseconds of processor time a request. */
  readonly costs: number[]
}
const results: Record<(typeof contestants)[number], Result> = {
  cluster: { rates: [], costs: [] },
  tsgunicorn: { rates: [], costs: [] },
}

for (let round = 0; round < rounds; round++) {
  for (const who of contestants) {
    const running = await startContestant(who, { workers: 2 })
    try {
      const before = cpuTimeOf(running.pid)
      const rate = await load(running.port)
      results[who].rates.push(rate)
      results[who].costs.push(((cpuTimeOf(running.pid) - before) * 1000) / (rate * seconds))
    } finally {
      await running.stop()
    }
  }
}

const tool = hasWrk ? 'wrk' : 'autocannon'
console.log(`node ${process.version}, ${tool}, ${connections} connections, ${rounds} rounds of ${seconds} s`)
for (const who of contestants) {
  const { rates, costs } = results[who]
  console.log(
    `${who.padEnd(11)} ${spread(rates, 0)} requests/s, ${spread(costs)} us of processor time a request`,
  )
}
const ratio = (of: keyof Result) => (median(results.tsgunicorn[of]) / median(results.cluster[of])).toFixed(2)
console.log(
  `tsgunicorn against node:cluster: ${ratio('rates')} times the rate, ${ratio('costs')} times the cost`,
)
