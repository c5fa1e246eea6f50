/**
 * The published figures: `npm run bench -- [--only WORDS] [--rounds N] [--seconds S] [--peers WORDS] [--scenarios WORDS]
 * [--render]`. Runs failure, http, wsgi and boot (or what `--only` names), keeps the outcome in
 * docs/benchmarks/results/, and writes docs/benchmarks/ and the block in README.md from it; `--render` only writes.
 * WORDS are parts of names, separated by commas. Peers: tsgunicorn, gunicorn, uwsgi, cluster, pm2; what is not
 * installed is told. Parts that are not run keep the results of their last run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { repository } from '../test/support/machine.ts'
import { type PartOptions, partsOf } from './main-parts.ts'
import { reportFolder, reportProducts, resultsFolder, strayPictures } from './report/products.ts'
import { fileOf, partNames, writeResults } from './report/results.ts'
import { countOf, machineFacts } from './run-facts.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    peers: { type: 'string', default: '' },
    scenarios: { type: 'string', default: '' },
    render: { type: 'boolean', default: false },
  },
})
const given = (name: 'rounds' | 'seconds'): number | undefined =>
  options[name] === undefined ? undefined : countOf(options, name)

const wanted = options.only.split(',').map((word) => word.trim())
const parts = partNames.filter((part) => wanted.some((word) => part.includes(word)))
if (parts.length === 0)
  throw new Error(`--only: '${options.only}' is part of none of: ${partNames.join(', ')}`)
const asked: PartOptions = {
  rounds: given('rounds'),
  seconds: given('seconds'),
  peers: options.peers,
  scenarios: options.scenarios,
}

const tsx = createRequire(import.meta.url).resolve('tsx')
const script = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
/** Of the whole run: its parts keep the machine busy themselves. */
const { busy } = machineFacts()
let running: ReturnType<typeof spawn> | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    // The part ends its servers itself.
    running?.kill(signal)
    process.exitCode = 1
  })
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Runs one part as a program of its own, and keeps what it measured. False when it failed. */
const run = async (part: (typeof partNames)[number]): Promise<boolean> => {
  const plan = partsOf(asked)[part]
  if ('skipped' in plan) {
    console.error(`${part}: ${plan.skipped}`)
    return true
  }
  const file = join(folder, `${part}.json`)
  const command = ['npm run bench --', `--only ${part}`, ...plan.said].join(' ')
  const args = ['--import', tsx, script(plan.script), ...plan.args, '--json', file]
  const began = performance.now()
  running = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code, signal] = await once(running, 'exit')
  if (code !== 0) {
    console.error(`${part}: it ended with ${code ?? signal}; its results of before stay`)
    return false
  }
  const results: object = JSON.parse(readFileSync(file, 'utf8'))
  writeResults(fileOf(join(repository, resultsFolder), part), { ...results, command, busy })
  console.error(`${part}: measured in ${Math.round((performance.now() - began) / 1000)} s`)
  return true
}

const render = (): void => {
  mkdirSync(join(repository, reportFolder), { recursive: true })
  for (const [path, text] of Object.entries(reportProducts(repository))) {
    writeFileSync(join(repository, path), text)
    console.error(path)
  }
  for (const path of strayPictures(repository)) rmSync(join(repository, path))
}

if (!options.render)
  for (const part of parts) {
    if (process.exitCode !== undefined) break
    if (!(await run(part))) process.exitCode = 1
  }
render()
