/**
 * Byte-level fuzz of a living worker: `npm run bench:fuzz -- [--minutes N] [--app fetch|node] [--seed N]
 * [--replay FILE]`. Exits with 1 and writes the inputs to a file when a healthy client is not answered, a connection
 * hangs, the worker is replaced, something but refused requests is logged, or its memory grows.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { complaintsIn, FuzzFailure, fuzz, fuzzApps, impatient, type Outcome } from '../test/support/fuzz.ts'
import { memoryOf } from './measure.ts'
import { type Served, serve } from './serve.ts'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    app: { type: 'string', default: 'fetch' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    replay: { type: 'string' },
  },
})
if (options.app !== 'fetch' && options.app !== 'node')
  throw new Error(`--app: '${options.app}' is not fetch or node`)
const seed = Number(options.seed)
const milliseconds = Number(options.minutes) * 60_000
/** What garbage collection may leave lying about between two looks. */
const slack = 64 * 1_048_576

/** Sends a file's inputs, one connection each, and tells how each is met. */
const replay = async ({ port }: Served, file: string): Promise<void> => {
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const input = Buffer.from(line, 'base64')
    const socket = connect(port, '127.0.0.1').on('error', (error) => console.log(error.message))
    const pieces: Buffer[] = []
    socket.on('data', (piece) => pieces.push(piece)).end(input)
    await new Promise((resolve) => socket.once('close', resolve))
    console.log(
      `${JSON.stringify(input.toString('latin1').slice(0, 300))}\n-> ${Buffer.concat(pieces).toString('latin1').slice(0, 200)}`,
    )
  }
}

/** Runs the campaign; gives its outcome and what is wrong with the server afterwards. */
const campaign = async (served: Served): Promise<{ outcome: Outcome; faults: string[] }> => {
  const worker = served.worker()
  const began = performance.now()
  const memory = () => memoryOf(worker).rss
  let warm = 0
  let shown = 0
  const outcome = await fuzz({
    port: served.port,
    seed,
    during: milliseconds,
    patience: 12_000,
    watch: (inputs) => {
      if (served.worker() !== worker) throw new Error('the worker was replaced')
      const passed = performance.now() - began
      // The highest of the first fifth is what the worker needs when it is warm.
      if (passed < milliseconds / 5) warm = Math.max(warm, memory())
      if (passed - shown < 10_000) return
      shown = passed
      console.log(`${Math.round(passed / 1000)} s: ${inputs} inputs, ${(memory() / 1_048_576).toFixed(0)} MB`)
    },
  })
  await pause(2000)
  const now = memory()
  const megabytes = [warm, now].map((bytes) => (bytes / 1_048_576).toFixed(0))
  console.log(`memory of the worker: ${megabytes.join(' MB when warm, ')} MB at the end`)
  const grown = now > warm + slack ? [`the worker's memory grew by more than ${slack / 1_048_576} MB`] : []
  return { outcome, faults: [...grown, ...complaintsIn(served.log()).slice(0, 20)] }
}

const served = await serve(fuzzApps[options.app], { ...impatient, loglevel: 'warning' })
console.log(`node ${process.version}, ${options.app} app, seed ${seed}`)
try {
  if (options.replay === undefined) {
    const { outcome, faults } = await campaign(served)
    console.log(JSON.stringify(outcome, null, 1))
    for (const fault of faults) console.error(fault)
    process.exitCode = faults.length > 0 ? 1 : 0
  } else await replay(served, options.replay)
} catch (error) {
  process.exitCode = 1
  console.error(error instanceof Error ? error.message : error)
  console.error(`the end of the log:\n${served.log().slice(-2000)}`)
  if (error instanceof FuzzFailure) {
    const file = `fuzz-${options.app}-${seed}.txt`
    writeFileSync(file, `${error.inputs.map((input) => input.toString('base64')).join('\n')}\n`)
    console.error(`${error.inputs.length} inputs are in ${file}; --replay ${file} sends them again`)
  }
} finally {
  await served.stop()
}
// A socket that was reset while it was being reset may never close, and would keep this process.
process.exit()
