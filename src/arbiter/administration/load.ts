/** The load that agent checks are told, from what the master knows without asking any worker: board, state and /proc. */
import { burdenShare, Smoothed } from '../../metrics/load.ts'
import { cpuSecondsOf } from '../../metrics/processes.ts'
import { tallyOf } from '../../metrics/reading.ts'
import { cpuCount } from '../../system/cpus.ts'
import type { Office } from '../office.ts'
import type { ServingWorker } from '../state.ts'
import { isServing } from '../turn.ts'
import { CpuShares } from './shares-of-cpu.ts'

/** Looks that come sooner are told of the one before. Milliseconds. */
const shortest = 500

/** A JavaScript worker beats every second; one that is silent for so long does nothing else either. Milliseconds. */
const silence = 3000

type Known = Pick<Office, 'state' | 'board' | 'crew'>

export class LoadOfWorkers {
  readonly #smoothed = new Smoothed()
  /** Of these looks alone: a share is of the time since the last. */
  readonly #shares = new CpuShares()
  readonly #cores: number
  readonly #secondsOf: (pid: number) => number | undefined
  #last: { readonly at: number; readonly load: number } | undefined

  /** `secondsOf`: the processor time of a process, undefined where it cannot be known. */
  constructor(cores = cpuCount(), secondsOf = cpuSecondsOf) {
    this.#cores = cores
    this.#secondsOf = secondsOf
  }

  /** 0 to 1. `now`: monotonic milliseconds. */
  look(office: Known, now: number): number {
    if (this.#last !== undefined && now - this.#last.at < shortest) return this.#last.load
    const serving = office.state().workers.filter(isServing)
    const share = burdenShare({
      processors: this.#processors(serving, now),
      usable: Math.min(this.#cores, serving.length),
      ...placesOf(office, serving, now),
    })
    this.#last = { at: now, load: this.#smoothed.note(share, now) }
    return this.#last.load
  }

  /** Where there is no /proc: 0. */
  #processors(serving: readonly ServingWorker[], now: number): number {
    this.#shares.keep(new Set(serving.map(({ age }) => age)))
    return serving.reduce((sum, { age, pid }) => {
      const seconds = this.#secondsOf(pid)
      return sum + (seconds === undefined ? 0 : (this.#shares.share(age, seconds, now) ?? 0))
    }, 0)
  }
}

/** Behind fronts requests have places: a thread of a worker each. Others take as many as come, unless they hang. */
const placesOf = (
  { board, crew }: Known,
  serving: readonly ServingWorker[],
  now: number,
): { readonly taken: number; readonly places: number } => {
  const workers = serving.filter(({ role }) => role === 'worker')
  const behind = workers.filter((worker) => worker.behind)
  if (behind.length > 0) {
    const fronts = serving.filter(({ role }) => role === 'front')
    return {
      taken: sum(fronts, ({ slot }) => tallyOf(board.numbers(slot)).inFlight),
      places: sum(behind, ({ age }) => crew.get(age)?.cfg.threads ?? 1),
    }
  }
  const isSilent = ({ slot, since }: ServingWorker) => now - Math.max(since, board.read(slot).beat) > silence
  return { taken: workers.filter(isSilent).length, places: workers.length }
}

const sum = <T>(list: readonly T[], of: (one: T) => number): number =>
  list.reduce((total, one) => total + of(one), 0)
