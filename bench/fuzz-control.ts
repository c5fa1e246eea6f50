/**
 * Fuzz of a living control socket, all three dialects: `npm run bench:fuzz-control -- [--seconds N] [--seed N]`. Exits
 * with 1 when a healthy client is not answered, a worker is replaced, the master's memory or descriptors grow, or
 * anything is complained of in the log.
 */
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { complaintsIn, fuzzApps } from '../test/support/fuzz.ts'
import { fuzzControl } from '../test/support/fuzz-control.ts'
import { memoryOf } from './measure.ts'
import { serve } from './serve.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
  },
})
const seed = Number(options.seed)
const during = Number(options.seconds) * 1000
/** What garbage collection may leave lying about between two looks. */
const slack = 48 * 1_048_576

const served = await serve(fuzzApps.node, { control_socket_read_mode: 0o600, timeout: 5 })
const path = /Control socket listening at (\S+)/.exec(served.log())?.[1] ?? ''
const master = served.master
const look = () => ({ memory: memoryOf(master).rss, descriptors: readdirSync(`/proc/${master}/fd`).length })
const faults: string[] = []
try {
  const worker = served.worker()
  // A fifth of the campaign: afterwards the master has loaded all it will ever load.
  await fuzzControl({ path, readOnly: `${path}.ro`, seed: seed + 1, during: during / 5 })
  await pause(2000)
  const before = look()
  const outcome = await fuzzControl({ path, readOnly: `${path}.ro`, seed, during })
  await pause(2000)
  const after = look()
  console.log(JSON.stringify({ seed, ...outcome, before, after }, null, 1))
  if (after.memory > before.memory + slack) faults.push('the memory of the master grew')
  if (after.descriptors > before.descriptors) faults.push('the master has more descriptors than before')
  if (served.worker() !== worker) faults.push('the worker was replaced')
  faults.push(...complaintsIn(served.log()).slice(0, 20))
} catch (error) {
  faults.push(error instanceof Error ? error.message : String(error))
} finally {
  await served.stop()
}
for (const fault of faults) console.error(fault)
process.exit(faults.length > 0 ? 1 : 0)
