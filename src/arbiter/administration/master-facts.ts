/** What the status tells, gathered from state, crew, board and system. */
import { speaksTls } from '../../config/derived.ts'
import { type Status, shapeVersion, type WorkerStatus } from '../../control/status.ts'
import { cpuSecondsOf } from '../../metrics/processes.ts'
import { gaugesOf } from '../../metrics/reading.ts'
import { monotonicNow } from '../../system/clock.ts'
import { version } from '../../version.ts'
import { namesOf } from '../listeners.ts'
import { type Office, processName } from '../office.ts'
import type { Worker } from '../state.ts'
import { progressOf, publicMode, publicUpgrade } from './differences.ts'
import { type Health, healthOf } from './health.ts'
import type { Journal } from './journal.ts'
import { totalFacts } from './numbers.ts'
import { recentPssOf } from './resources.ts'
import type { CpuShares } from './shares-of-cpu.ts'
import { workerFacts } from './worker-facts.ts'

export interface Sources {
  readonly office: Office
  readonly journal: Journal
  readonly shares: CpuShares
}

export function officeHealth({ board, state }: Office): Health {
  return healthOf(state(), ({ slot }) => board.read(slot).beat, monotonicNow())
}

/** `pss`: also the memory that is shared fairly, which the kernel takes milliseconds to add up. */
export async function masterStatus(sources: Sources, pss: boolean): Promise<Status> {
  const { office, journal } = sources
  // Before anything is waited for: one moment's state, not two halves.
  const state = office.state()
  const { alive, ready } = officeHealth(office)
  const seen = state.workers.map((worker) => workerSeen(sources, worker))
  const { config } = office
  const { serving, staging } = state
  const number = (serving ?? staging)?.number ?? 0
  sources.shares.keep(new Set(state.workers.map(({ age }) => age)))
  const living = state.workers
    .filter(({ role, behind }) => role === 'front' || !behind)
    .map(({ slot }) => gaugesOf(office.board.numbers(slot)))
  const status: Omit<Status, 'workers'> = {
    version: shapeVersion,
    server: version,
    name: processName(config),
    pid: process.pid,
    role: state.role,
    state: publicMode(state),
    ready,
    alive,
    startedAt: new Date(performance.timeOrigin).toISOString(),
    uptime: performance.now() / 1000,
    generation: serving?.number ?? null,
    staging: staging ? { generation: staging.number, step: stepWords(sources) } : null,
    upgrade: publicUpgrade(state),
    otherMaster:
      office.successor?.pid ?? (state.role === 'challenger' ? (office.options.parent ?? null) : null),
    listeners: namesOf(office.listeners.of(number), speaksTls(config)),
    app: config.wsgi_app ?? '',
    worker_class: config.worker_class,
    config: office.loads.get(number)?.file ?? null,
    target: state.target,
    totals: totalFacts(office.board.totals(), living),
    lastReload: journal.lastReload,
    lastUpgrade: journal.lastUpgrade,
    lastExit: journal.lastExit,
  }
  return { ...status, workers: await Promise.all(seen.map((one) => withPss(one, pss))) }
}

function stepWords({ office }: Sources): string {
  const state = office.state()
  const { staging } = state
  if (staging?.step !== 'booting') return staging?.step ?? ''
  const { ready, wanted } = progressOf(state)
  return `booting: ${ready} of ${wanted} ready`
}

function workerSeen({ office, journal, shares }: Sources, worker: Worker): WorkerStatus {
  const now = monotonicNow()
  const { age, slot, role } = worker
  const member = office.crew.get(age)
  const pid = 'pid' in worker ? worker.pid : undefined
  const cpuSeconds = pid === undefined ? null : (cpuSecondsOf(pid) ?? null)
  const isPython = office.loads.get(worker.generation)?.interpreter !== undefined && role === 'worker'
  return workerFacts(
    {
      worker,
      language: member?.language ?? (isPython ? 'python' : 'javascript'),
      beat: office.board.read(slot),
      numbers: office.board.numbers(slot),
      since: journal.spawnedAt(age),
      cpuSeconds,
      cpu: cpuSeconds === null ? null : shares.share(age, cpuSeconds, now),
      pss: null,
      lastExit: journal.endBefore(slot),
    },
    now,
  )
}

const withPss = async (worker: WorkerStatus, wanted: boolean): Promise<WorkerStatus> =>
  wanted && worker.pid !== null ? { ...worker, pss: await recentPssOf(worker.pid, monotonicNow()) } : worker
