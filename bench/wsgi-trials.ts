/**
 * The rounds of `bench:wsgi`: contestants take turns within a round, each freshly started; no round is left out. One
 * that fails keeps its reason and takes no further part in that trial. It prints nothing but progress.
 */

import { askOften, type Mixed, mixedBurst } from './wsgi-mixed.ts'
import type { PythonWorld } from './wsgi-obtain.ts'
import { beforeClient, type Memory, type Question, type Served, startServer } from './wsgi-run.ts'
import type { Server } from './wsgi-servers.ts'
import { type Figure, type Row, rowOf } from './wsgi-table.ts'
import { burst, type Mode, type Workload } from './wsgi-workloads.ts'

export interface Plan {
  readonly world: PythonWorld
  readonly rounds: number
  readonly seconds: number
  readonly servers: readonly Server[]
}

/** All workers together read 20 rows with each: a table and a third of `fat_app.py`. */
export const memoryRequests = 8000

/** The values of one round for each row of a contestant, in the rows' order. */
type Round = readonly { readonly values: Partial<Record<Figure, number>>; readonly faults: number }[]

const record = (row: Row, { values, faults }: Round[number], progress: string): void => {
  for (const [figure, value] of Object.entries(values)) row.figures[figure as Figure].push(value)
  row.faults += faults
  const shown = Object.entries(values).map(([figure, value]) => `${figure} ${value.toFixed(1)}`)
  console.error(`${row.trial} ${progress} ${row.server}: ${shown.join(', ')}`)
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '/')
    .slice(0, 800)

interface Trial {
  /** The rows' trials. */
  readonly names: readonly string[]
  readonly question: Question
  readonly measure: (served: Served) => Promise<Round>
}

const takeTurns = async ({ world, rounds, servers }: Plan, trial: Trial): Promise<Row[]> => {
  const entries = servers.map((who) => ({ who, rows: trial.names.map((name) => rowOf(name, who.name)) }))
  const fail = (rows: readonly Row[], why: string) => {
    for (const row of rows) row.why = why
  }
  for (const { who, rows } of entries) {
    const why = who.missing(world)
    if (why !== undefined) fail(rows, why)
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { who, rows } of entries.filter(({ rows: [row] }) => row?.why === undefined)) {
      try {
        const measured = await once(who, trial, world)
        for (const [index, row] of rows.entries()) {
          const part = measured[index]
          if (part !== undefined) record(row, part, `${round}/${rounds}`)
        }
      } catch (error) {
        fail(rows, firstLine(error))
        console.error(`${trial.names.join(' and ')} ${round}/${rounds} ${who.name}: ${firstLine(error)}`)
      }
    }
  }
  return trial.names.flatMap((_, index) => entries.flatMap(({ rows }) => rows[index] ?? []))
}

const once = async (who: Server, { question, measure }: Trial, world: PythonWorld): Promise<Round> => {
  const served = await startServer(who, question, world)
  try {
    return await measure(served)
  } finally {
    await served.stop()
  }
}

const total = (memory: readonly Memory[]): number => memory.reduce((sum, { pss }) => sum + pss, 0) / 1e6

/** What `wrk` says of one workload, with kept connections and with new ones: a row for each mode. */
export const loadTrial = (plan: Plan, workload: Workload, modes: readonly Mode[]): Promise<Row[]> => {
  const measureMode = async (served: Served, mode: Mode): Promise<Round[number]> => {
    const load = { port: served.port, folder: served.folder, workload, mode, before: beforeClient }
    await burst({ ...load, seconds: 1 })
    const from = served.cpuTime()
    const { requests, perSecond, p99, faults } = await burst({ ...load, seconds: plan.seconds })
    const cost = ((served.cpuTime() - from) * 1000) / requests
    return { values: { perSecond, p99, cost, pss: total(served.memory()) }, faults }
  }
  return takeTurns(plan, {
    names: modes.map((mode) => `${workload.name}, ${mode}`),
    question: workload,
    measure: async (served) => {
      const parts: Round[number][] = []
      for (const mode of modes) parts.push(await measureMode(served, mode))
      return parts
    },
  })
}

/** A percentile needs many requests: bursts take five seconds at least. */
export const mixedTrial = (plan: Plan, question: Question): Promise<Row[]> =>
  takeTurns(plan, {
    names: ['mixed'],
    question,
    measure: async (served) => {
      const seconds = Math.max(5, plan.seconds)
      await mixedBurst(served.port, 1)
      const from = served.cpuTime()
      const mixed: Mixed = await mixedBurst(served.port, seconds)
      const cost = ((served.cpuTime() - from) * 1000) / mixed.requests
      const { p50, p99, most, slowPerSecond: perSecond, faults } = mixed
      return [{ values: { perSecond, p50, p99, most, cost }, faults }]
    },
  })

/**
 * Memory after the same work for all: what workers share falls apart with each row that is read, so a server that
 * answers more requests in a time would seem to need more.
 */
export const memoryTrial = (plan: Plan, question: Question): Promise<Row[]> =>
  takeTurns(plan, {
    names: ['memory'],
    question,
    measure: async (served) => {
      const faults = await askOften(served.port, question.path, memoryRequests)
      const all = served.memory()
      const fronts = all.filter(({ pid, program }) => program === plan.world.node && pid !== served.pid)
      return [{ values: { pss: total(all), front: total(fronts), processes: all.length }, faults }]
    },
  })
