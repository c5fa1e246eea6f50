/**
 * What the master owns while it runs, in one place: the parts that steps.ts, spawning.ts and perform.ts work with.
 * It decides nothing; it is made by master.ts.
 */
import type { ChildProcess } from 'node:child_process'
import type { Config } from '../config/config.ts'
import type { HookServer } from '../config/hook-types.ts'
import type { Administration } from '../control/administration.ts'
import type { Statsd } from '../log/statsd.ts'
import type { Board } from '../system/board.ts'
import type { Pidfile } from '../system/pidfile.ts'
import type { Notifier } from '../systemd/notify.ts'
import type { Questions } from './administration/questions.ts'
import type { Waiting } from './administration/waiting.ts'
import type { Announcer } from './announcer.ts'
import type { BridgeFolder } from './bridge.ts'
import type { Child } from './child.ts'
import type { Courtesy } from './courtesy.ts'
import type { Crew } from './crew.ts'
import type { EarlyWorker } from './early-worker.ts'
import type { Hooks } from './hooks.ts'
import type { Listeners } from './listeners.ts'
import type { LogSwitch } from './log-switch.ts'
import type { Molds } from './molds.ts'
import type { OwnListeners } from './own-listeners.ts'
import type { Loaded } from './prepare.ts'
import type { StartCommand } from './reexec.ts'
import type { Salvage } from './salvage.ts'
import type { Event, State } from './state.ts'

/** What the command line gives the master. */
export interface MasterOptions {
  readonly loaded: Loaded
  /** Reads the configuration again, as at the start. */
  readonly reload: () => Promise<Loaded>
  readonly command: StartCommand
  /** Calls listen(2) for the first generation, and may become its first worker. */
  readonly early: EarlyWorker | undefined
  /** The environment as it is now. */
  readonly environment: () => NodeJS.ProcessEnv
  /** The configuration is in force from now on: `raw_env` is the master's environment, too. */
  readonly adopt: (config: Config) => void
  /** Set when this master was spawned by an upgrade: the old master's pid. */
  readonly parent: number | undefined
  /** The first generation serves. Called once. */
  readonly ready: () => void
  /** Everything is closed and logged; ends the process with this status. */
  readonly exit: (code: number) => void
}

/** Who serves administration, told of what becomes of the master. None may throw, and `close` may not reject. */
export interface Attendant {
  /** The settings of a reload serve. */
  readonly follow: (config: Config) => void
  /** The old master of an upgrade is gone: its names are ours. */
  readonly promoted: () => void
  /** The master ends. */
  readonly close: () => Promise<void>
}

export interface Office {
  readonly options: MasterOptions
  readonly log: LogSwitch
  readonly hooks: Hooks
  readonly listeners: Listeners
  readonly board: Board
  readonly crew: Crew
  readonly bridge: BridgeFolder
  readonly molds: Molds
  readonly server: HookServer
  readonly courtesy: Courtesy
  /** Generation number -> its configuration. */
  readonly loads: Map<number, Loaded>
  readonly enqueue: (event: Event) => void
  readonly state: () => State
  /** Files a worker imported, not before `since` (wall-clock ms; now, unless said), to be watched (`reload`). */
  readonly watch: (files: readonly string[], since?: number) => void
  readonly watchEnd: () => void
  readonly notifier: Notifier
  /** Tells systemd of this master, when it waits to be told. */
  announcer: Announcer
  /** Orders that were given to the judgement and not answered. */
  readonly orders: Waiting
  /** What workers were asked and have not answered. */
  readonly questions: Questions
  /** Connections of blocked workers, on their way to others. */
  readonly salvage: Salvage
  readonly attendants: Attendant[]
  /** What this master answers on itself. */
  readonly own: OwnListeners
  /** Sets the title that ps(1) shows, from role and configuration. */
  readonly title: () => void
  /** The configuration that hooks and names are taken from: of the newest generation that got so far. */
  config: Config
  pidfile: Pidfile | undefined
  statsd: Statsd | undefined
  /** From when workers boot. */
  administration: Administration | undefined
  /** The throw-away process of `preload_app`, while it runs. */
  proof: Child | undefined
  /** The new master of an upgrade, while it lives. */
  successor: ChildProcess | undefined
}

/** The configuration of a generation. Throws when there is none: that would be a fault of the judgement. */
export function loadedOf(office: Office, generation: number): Loaded {
  const loaded = office.loads.get(generation)
  if (!loaded) throw new Error(`generation ${generation} has no configuration`)
  return loaded
}

/**
 * Lets go of the configurations that nobody needs any more: neither staged nor serving, and without a process that might
 * have to be replaced (balance.ts) or has hooks to come.
 */
export function dropUnused(office: Office): void {
  const { loads, crew, molds } = office
  const { serving, staging, workers } = office.state()
  const used = new Set([serving?.number, staging?.number, ...crew.all().map(({ generation }) => generation)])
  for (const { generation, phase } of workers) if (phase === 'spawning') used.add(generation)
  for (const [number, loaded] of loads) {
    if (used.has(number)) continue
    if (molds.drop(number)) {
      office.log.warning('A mold that is not needed any more still loads the application: it is ended', {
        generation: number,
      })
    }
    loaded.close?.()
    loads.delete(number)
  }
}

export const processName = (config: Config): string =>
  config.proc_name ?? config.wsgi_app ?? config.default_proc_name

/** The name in titles; that of a new master has Gunicorn's ending until it is promoted. */
export const currentName = (office: Office): string =>
  processName(office.config) + (office.state().role === 'challenger' ? '.2' : '')
