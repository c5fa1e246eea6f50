/**
 * What has happened: the last outcomes, ends and their tallies, and who is told of what happens. It is told of every
 * judgement; while nobody watches, that costs a few comparisons.
 */

import type { ExitFact, PublicEvent, ReloadOutcome, UpgradeOutcome } from '../../control/status.ts'
import { messageOf } from '../../errors.ts'
import type { LogSwitch } from '../log-switch.ts'
import type { Judged } from '../loop.ts'
import { differences, exitOf, type Moment, reloadOf, upgradeOf } from './differences.ts'
import { isRestart } from './reasons.ts'

/** Where restarts and reloads are counted for good. */
export interface Tallies {
  restart(reason: string): void
  reload(outcome: 'ok' | 'failed'): void
}

type Told = (event: PublicEvent) => void

export class Journal {
  lastReload: ReloadOutcome | null = null
  lastUpgrade: UpgradeOutcome | null = null
  lastExit: ExitFact | null = null
  /** By slot: the end of the process that had the place before. */
  readonly #ends = new Map<number, ExitFact>()
  /** By age: when the process was there, in the judgement's milliseconds. */
  readonly #spawned = new Map<number, number>()
  readonly #watchers = new Set<Told>()
  readonly #log: LogSwitch
  readonly #tallies: Tallies
  #staged = { generation: 0, since: 0 }

  constructor(log: LogSwitch, tallies: Tallies) {
    this.#log = log
    this.#tallies = tallies
  }

  /** `at`: wall-clock milliseconds of the turn. */
  judged(judged: Judged, at: number): void {
    const { before, after, event, now } = judged
    if (before === after) return
    const { staging } = after
    const moment: Moment = { at: new Date(at).toISOString(), stagedSince: this.#staged.since }
    if (event.type === 'spawned') this.#spawned.set(event.age, now)
    if (event.type === 'exited') this.#exited(judged, moment)
    this.#settled(judged, moment)
    if (staging && staging.number !== this.#staged.generation)
      this.#staged = { generation: staging.number, since: now }
    if (this.#watchers.size > 0) for (const one of differences(judged, moment)) this.tell(one)
  }

  #exited(judged: Judged, { at }: Moment): void {
    const exit = exitOf(judged, at)
    if (!exit) return
    this.lastExit = exit
    this.#spawned.delete(exit.age)
    const slot = judged.before.workers.find(({ age }) => age === exit.age)?.slot
    if (slot !== undefined) this.#ends.set(slot, exit)
    if (isRestart(exit.reason)) this.#tallies.restart(exit.reason)
  }

  #settled(judged: Judged, moment: Moment): void {
    const { before, after } = judged
    if (before.staging !== after.staging) {
      const reload = reloadOf(judged, moment)
      if (reload) {
        this.lastReload = reload
        this.#tallies.reload(reload.ok ? 'ok' : 'failed')
      }
    }
    if (before.upgrade !== after.upgrade || before.role !== after.role)
      this.lastUpgrade = upgradeOf(judged, moment.at) ?? this.lastUpgrade
  }

  /** The end of whoever had this place before; null when it is the first. */
  endBefore(slot: number): ExitFact | null {
    return this.#ends.get(slot) ?? null
  }

  spawnedAt(age: number): number | undefined {
    return this.#spawned.get(age)
  }

  /** Tells of what happens until the answer is called. */
  watch(told: Told): () => void {
    // An own function, so that one who watches twice is told twice.
    const watcher: Told = (event) => told(event)
    this.#watchers.add(watcher)
    this.#follow()
    return () => {
      this.#watchers.delete(watcher)
      this.#follow()
    }
  }

  tell(event: PublicEvent): void {
    for (const watcher of [...this.#watchers]) {
      try {
        watcher(event)
      } catch (error) {
        // First, or it would be told of this, too.
        this.#watchers.delete(watcher)
        this.#follow()
        this.#log.exception(
          `internal error: who watches cannot be told '${event.event}': ${messageOf(error)}`,
          error,
        )
      }
    }
  }

  #follow(): void {
    this.#log.heard =
      this.#watchers.size === 0
        ? undefined
        : (level, message) => this.tell({ at: new Date().toISOString(), event: 'log', level, message })
  }
}
