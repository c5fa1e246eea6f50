/**
 * tsgunicorn beside other WSGI servers, two Python workers each, in one run.
 * `npm run bench:wsgi -- [--rounds N] [--seconds S] [--only WORDS] [--servers WORDS] [--modes WORDS] [--mixed]
 * [--memory] [--all] [--json FILE] [--python PATH] [--node PATH] [--fresh]`
 *
 * WORDS are beginnings of names, separated by commas. Without `--mixed`, `--memory` or `--all` the load table alone is
 * measured; each of the two alone when it is asked for. The whole takes about an hour and a half. `--fresh` asks pip
 * for newer versions of what an earlier run has installed. Exits with 0 whatever was measured: goals that are missed
 * are a finding, not a failure.
 */
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { judge } from './wsgi-goals.ts'
import { fastPerSecond, slowClients } from './wsgi-mixed.ts'
import { obtainPython } from './wsgi-obtain.ts'
import { hurry, leaveNothing, pinned } from './wsgi-run.ts'
import { contestants, names, type Server, type Trial } from './wsgi-servers.ts'
import { columns, factsOf, goalsOf, type Row, tableOf } from './wsgi-table.ts'
import { loadTrial, memoryRequests, memoryTrial, mixedTrial, type Plan } from './wsgi-trials.ts'
import { connections, fat, hello, missingTool, modes, workloads } from './wsgi-workloads.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    servers: { type: 'string', default: '' },
    modes: { type: 'string', default: '' },
    mixed: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    json: { type: 'string' },
    python: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    fresh: { type: 'boolean', default: false },
  },
})

const count = (name: 'rounds' | 'seconds'): number => {
  const value = Number(options[name])
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name}: '${options[name]}' is not a number of ${name}. Use a whole number from 1.`)
}

const chosen = <T>(all: readonly T[], words: string, nameOf: (one: T) => string): readonly T[] => {
  const beginnings = words
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter(Boolean)
  if (beginnings.length === 0) return all
  const found = all.filter((one) => beginnings.some((word) => nameOf(one).toLowerCase().startsWith(word)))
  if (found.length > 0) return found
  throw new Error(`'${words}' begins none of: ${all.map(nameOf).join(', ')}`)
}

const missing = missingTool()
if (missing !== undefined) throw new Error(`${missing}: bench:wsgi needs it (apt-get install wrk)`)
const [rounds, seconds] = [count('rounds'), count('seconds')]
const world = obtainPython({ python: options.python, node: options.node, fresh: options.fresh })
const invited = chosen(contestants, options.servers, ({ name }) => name)
const plan = (trial: Trial): Plan => ({
  ...{ world, rounds, seconds },
  servers: invited.filter(({ trials }) => trials.includes(trial)),
})

const loads = async (): Promise<Row[]> => {
  const rows: Row[] = []
  const ways = chosen(modes, options.modes, (mode) => mode)
  for (const workload of chosen(workloads, options.only, ({ name }) => name))
    rows.push(...(await loadTrial(plan('load'), workload, ways)))
  return rows
}

hurry()
leaveNothing()
const asked: readonly Trial[] = options.all
  ? ['load', 'mixed', 'memory']
  : [...(options.mixed ? (['mixed'] as const) : []), ...(options.memory ? (['memory'] as const) : [])]
const trials: Readonly<Record<Trial, { readonly run: () => Promise<Row[]>; readonly base: string }>> = {
  load: { run: loads, base: names.gunicornSync },
  mixed: { run: () => mixedTrial(plan('mixed'), hello), base: names.gunicornThreads },
  memory: { run: () => memoryTrial(plan('memory'), fat), base: names.gunicornPreload },
}

const rows: Row[] = []
const tables: string[] = []
const taken: readonly Trial[] = asked.length === 0 ? ['load'] : asked
for (const trial of taken) {
  const { run, base } = trials[trial]
  const measured = await run()
  rows.push(...measured)
  tables.push(tableOf(measured, columns[trial], base))
}

const facts = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}`,
  how: [
    `wrk, ${connections} connections, ${rounds} rounds of ${seconds} s after 1 s of warming`,
    pinned ? 'the client on a core of its own' : 'servers and client share the cores',
    ...(taken.includes('mixed')
      ? [
          `mixed: ${fastPerSecond} fast requests a second beside ${slowClients} clients whose requests sleep 200 ms`,
        ]
      : []),
    ...(taken.includes('memory') ? [`memory: after ${memoryRequests} requests`] : []),
  ].join('; '),
  versions: world.versions,
}
const notes = invited.flatMap(({ name, note }: Server) => (note === undefined ? [] : [`${name}: ${note}.`]))
const goals = judge(rows)
console.log([factsOf(facts), ...tables, ...notes, goalsOf(goals)].join('\n\n'))
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify({ ...facts, notes, rows, goals }, null, 2)}\n`)
