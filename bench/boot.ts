/**
 * How long each server takes from its command to its first answer, and what memory it has then, with two workers and
 * the applications of bench/failure/: `npm run bench:boot -- [--rounds N] [--peers WORDS] [--json FILE]`. Servers take
 * turns, medians are told. Against bare node: `npm run bench:start`.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { hasCode } from '../src/errors.ts'
import type { BootResults, BootRow } from './boot-results.ts'
import { endWithAll, startPeer } from './peer-run.ts'
import { invite } from './peer-world.ts'
import { bootTable } from './report/boot-table.ts'
import { writeResults } from './report/results.ts'
import { countOf, machineFacts } from './run-facts.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    peers: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const rounds = countOf(options, 'rounds')
const facts = machineFacts()
const { world, present, skipped, versions } = invite(options.peers)
endWithAll()

/** MB. A process that has just ended has none. */
const memoryOf = (pid: number): number => {
  try {
    return Number(/^Pss:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1000
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return 0
    throw error
  }
}

const rows: BootRow[] = present.map(({ name }) => ({ server: name, started: [], memory: [] }))
const failed: Record<string, string> = {}
for (let round = 1; round <= rounds; round += 1)
  for (const [index, who] of present.entries()) {
    if (failed[who.name] !== undefined) continue
    try {
      const server = await startPeer({ ...who, workers: 2 }, { world })
      const memory = server.all().reduce((sum, pid) => sum + memoryOf(pid), 0)
      rows[index]?.started.push(Math.round(server.startedIn))
      rows[index]?.memory.push(Math.round(memory))
      console.error(`${round}/${rounds} ${who.name}: ${Math.round(server.startedIn)} ms`)
      await server.stop()
    } catch (error) {
      failed[who.name] = (error instanceof Error ? error.message : String(error))
        .split('\n')
        .join(' ')
        .slice(0, 300)
      console.error(`${who.name}: ${failed[who.name]}`)
    }
  }

const results: BootResults = {
  ...facts,
  how: `two workers, ${rounds} round${rounds === 1 ? '' : 's'}`,
  versions,
  skipped: { ...skipped, ...failed },
  rows: rows.filter(({ started }) => started.length > 0),
}
console.log(bootTable(results))
if (options.json !== undefined) writeResults(options.json, results)
