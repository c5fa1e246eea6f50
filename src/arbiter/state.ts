/**
 * What the arbiter knows (State), what can happen to it (Event) and what it can have done (Effect). Types only.
 *
 * Every waiting is a deadline in the state, in monotonic milliseconds. A first start is a generation that is
 * staged with none serving behind it: so start and reload are one road, and only its failure differs.
 */
import type { Granted, Order } from '../control/administration.ts'
import type { ErrorCode } from '../errors.ts'

/** The numbers decisions need, taken from one generation's settings. Times in milliseconds; 0 switches off. */
export interface Policy {
  readonly workers: number
  /** Processes that serve HTTP for the workers; 0 when the workers do it themselves. */
  readonly fronts: number
  readonly timeout: number
  readonly gracefulTimeout: number
  readonly bootTimeout: number
  readonly abortTimeout: number
  readonly hookTimeout: number
  readonly lameDuck: number
  readonly lifetime: number
  readonly lifetimeJitter: number
  /** Workers above the target during a reload; 0 for as many as the target. */
  readonly surge: number
  /** Workers that boot at a time while others serve. */
  readonly boots: number
  readonly daemon: boolean
  readonly preload: boolean
}

export type Signal = 'SIGTERM' | 'SIGQUIT' | 'SIGABRT' | 'SIGKILL'

/**
 * Why a serving worker is to be replaced. 'signal': somebody sent it TERM; 'hook': one of its own set `worker.alive` to
 * False; 'restart' and 'profile': asked for by an order, the second to write its heap when it serves no more.
 */
export type RecycleReason =
  | 'max_requests'
  | 'max_worker_memory'
  | 'max_worker_lifetime'
  | 'timeout'
  | 'signal'
  | 'hook'
  | 'restart'
  | 'profile'

/** Why a worker was told to end. 'drain' and 'kill' are orders for it alone; 'reload': a newer generation, or a failed one. */
export type EndReason = RecycleReason | Overdue | 'reload' | 'scale' | 'stop' | 'drain' | 'kill'

/** A worker runs the application. A front serves HTTP for workers that do not do it themselves. */
export type Role = 'worker' | 'front'

interface Identity {
  readonly role: Role
  /** A worker that gets its requests from fronts. */
  readonly behind: boolean
  /** A worker's number, from 1, never reused. */
  readonly age: number
  readonly generation: number
  /** Its place in the board of heartbeats. */
  readonly slot: number
}

/** A worker or front, from the wish for it to its end. `deadline` is when the next rung of the ladder is due. */
export type Worker = Identity &
  (
    | (Beginning & { readonly phase: 'spawning' })
    | (Beginning & { readonly phase: 'booting'; readonly pid: number })
    | (Service & { readonly phase: 'ready' })
    | (Service & { readonly phase: 'leaving'; readonly reason: RecycleReason })
    /** Told to go before it said that it is ready: it may serve already; then it has `grace` for its requests. */
    | (Ending & { readonly phase: 'dismissed'; readonly grace: number })
    | (Ending & { readonly phase: 'retiring' })
    | (Ending & { readonly phase: 'capturing'; readonly why: Overdue })
    | (Ending & { readonly phase: 'aborting'; readonly why: Overdue })
    | (Ending & { readonly phase: 'quitting' })
    | (Ending & { readonly phase: 'killed'; readonly why: Overdue | 'asked' })
  )

/** What a worker was too slow for: it fell silent, or never got ready. */
export type Overdue = 'timeout' | 'boot_timeout'

interface Beginning {
  readonly begun: number
  readonly deadline: number
}

interface Ending {
  readonly pid: number
  readonly deadline: number
  readonly reason: EndReason
}

interface Service {
  readonly pid: number
  readonly since: number
  readonly beat: number
  /** When `max_worker_lifetime` ends; Infinity without one. */
  readonly expires: number
}

export type Phase = Worker['phase']
export type InPhase<P extends Phase> = Extract<Worker, { phase: P }>
export type ServingWorker = InPhase<'ready' | 'leaving'>

/** A configuration load whose workers serve. */
export interface Generation {
  readonly number: number
  readonly policy: Policy
}

/** What a generation goes through before it serves. */
export type Step =
  /** The configuration is being read. */
  | { readonly step: 'loading'; readonly deadline: number }
  /** Hooks before the sockets: `nworkers_changed`, `on_starting`. First start only. */
  | { readonly step: 'preparing'; readonly policy: Policy; readonly deadline: number }
  /** Addresses are being bound. */
  | { readonly step: 'opening'; readonly policy: Policy; readonly attempt: number; readonly deadline: number }
  /** An address was in use; tried again at the deadline. */
  | {
      readonly step: 'retrying'
      readonly policy: Policy
      readonly attempt: number
      readonly deadline: number
    }
  /** Hooks after the sockets: `when_ready`, or `nworkers_changed` and `on_reload`. */
  | { readonly step: 'announcing'; readonly policy: Policy; readonly deadline: number }
  /** `preload_app`: a throw-away process proves that the app loads. */
  | { readonly step: 'proving'; readonly policy: Policy; readonly deadline: number }
  /** Workers boot. `before` is the target that a failure returns to. */
  | { readonly step: 'booting'; readonly policy: Policy; readonly before: number }

export type Staging = { readonly number: number } & Step

export type Mode =
  | { readonly phase: 'running' }
  /** TERM came: not ready any more, but it serves (and replaces) as before; no reload or upgrade begins. */
  | { readonly phase: 'lame-duck'; readonly deadline: number }
  | {
      readonly phase: 'stopping'
      readonly how: 'graceful' | 'quick'
      readonly exit: number
      readonly reason?: Failure
      /** When graceful_timeout is over: workers that waited for their fronts have no more than what is left. */
      readonly deadline: number
      /** Milliseconds from the end of one that accepts to that of the next; 0: all at once. */
      readonly apart: number
      /** When the next one that accepts may be told. */
      readonly next: number
    }
  /** The exit effect was given; nothing more is decided. */
  | { readonly phase: 'gone' }

export type Upgrade =
  | { readonly phase: 'none' }
  | { readonly phase: 'starting'; readonly deadline: number }
  | { readonly phase: 'running' }
  /** The new master was told to end (an order); at the deadline it is killed. */
  | { readonly phase: 'backing-out'; readonly deadline: number }

/** What waits until the reload under way is over. */
export type Pending = 'reload' | 'upgrade'

export interface State {
  readonly mode: Mode
  /** A master whose parent is the old master of an upgrade is a challenger until that one is gone. */
  readonly role: 'master' | 'challenger'
  /** How many workers are wanted. */
  readonly target: number
  readonly workers: readonly Worker[]
  readonly shares: readonly Share[]
  readonly nextAge: number
  readonly nextGeneration: number
  readonly serving: Generation | undefined
  readonly staging: Staging | undefined
  readonly upgrade: Upgrade
  readonly pending: readonly Pending[]
  readonly crashes: Crashes
  /** Silence is counted from here at the earliest: the master itself may have been stopped. */
  readonly awakeSince: number
  /** Seed of the pure random numbers (jitter). */
  readonly seed: number
}

/** The workers that a front has for itself, by age. */
export interface Share {
  readonly front: number
  readonly workers: readonly number[]
  /** It has none, and will get none: whoever waits there waits in vain. */
  readonly abandoned: boolean
  /** It has had a worker, and accepts since: there may be requests in it. */
  readonly opened: boolean
}

/** Deaths at boot in a row. Workers that die together count once, or eight would make a back-off of 12 s. */
export interface Crashes {
  readonly count: number
  /** When the next spawn may be. */
  readonly notBefore: number
  /** Workers younger than this age have not been counted yet. */
  readonly round: number
}

export interface Failure {
  readonly message: string
  /** Of the catalogue, when it is one of its errors. */
  readonly code?: ErrorCode
  /** Lines to print below the message: a code frame, a stack. */
  readonly detail?: string
  readonly exit: number
  /** Worth another try: this address is in use. */
  readonly retry?: string
  /** What the worker said that could not boot: logged when it said so. */
  readonly said?: Said
}

export interface Said {
  readonly message: string
  readonly detail?: string
}

export type SignalName =
  | 'SIGHUP'
  | 'SIGINT'
  | 'SIGQUIT'
  | 'SIGTERM'
  | 'SIGTTIN'
  | 'SIGTTOU'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGWINCH'

export type Event =
  | { readonly type: 'start'; readonly policy: Policy }
  | { readonly type: 'signal'; readonly signal: SignalName }
  | { readonly type: 'loaded'; readonly generation: number; readonly policy: Policy }
  /** The effect of the generation's present step has succeeded. */
  | { readonly type: 'done'; readonly generation: number; readonly step: Step['step'] }
  | { readonly type: 'failed'; readonly generation: number; readonly failure: Failure }
  /** A hook threw or did not end in time. Before the first generation serves, it stops the start. */
  | { readonly type: 'hook-failed'; readonly failure: Failure }
  | { readonly type: 'spawned'; readonly age: number; readonly pid: number }
  | { readonly type: 'spawn-failed'; readonly age: number; readonly message: string }
  | { readonly type: 'ready'; readonly age: number }
  | { readonly type: 'recycle'; readonly age: number; readonly reason: RecycleReason }
  /** A request took longer than `timeout`. `alone`: it keeps the worker from doing anything else. */
  | { readonly type: 'overdue'; readonly age: number; readonly alone: boolean }
  | { readonly type: 'captured'; readonly age: number }
  | {
      readonly type: 'exited'
      readonly age: number
      readonly code: number | null
      readonly signal: string | null
      /** What the worker said of why it could not boot. */
      readonly said?: Said
    }
  /** Files that the app or the configuration is made of have changed (`reload`). */
  | { readonly type: 'changed'; readonly files: readonly string[] }
  | { readonly type: 'upgrade-ready' }
  | { readonly type: 'upgrade-ended'; readonly message: string; readonly backedOut?: boolean }
  | { readonly type: 'parent-gone' }
  /** Somebody asks for something; answered in the same turn by the effect `answer` with this id. */
  | { readonly type: 'order'; readonly id: number; readonly order: Order }
  /** A deadline has come. `beats` holds the last beat of workers, by age. */
  | { readonly type: 'tick'; readonly beats: ReadonlyMap<number, number> }

export type Level = 'critical' | 'error' | 'warning' | 'info' | 'debug'

export type Effect =
  | {
      readonly do: 'log'
      readonly level: Level
      readonly message: string
      readonly facts?: Record<string, unknown>
    }
  /** Do the work of a step; answered by `loaded`, `done` or `failed`. */
  | {
      readonly do: 'step'
      readonly step: Exclude<Step['step'], 'retrying' | 'booting'>
      readonly generation: number
      readonly first: boolean
    }
  /** The generation serves: what only the one before it used is closed. */
  | { readonly do: 'commit'; readonly generation: number; readonly first: boolean }
  /** The generation has failed: what only it used is closed. */
  | { readonly do: 'discard'; readonly generation: number; readonly failure: Failure }
  | { readonly do: 'workers-changed'; readonly now: number; readonly before: number }
  | {
      readonly do: 'spawn'
      readonly age: number
      readonly generation: number
      readonly slot: number
      readonly role: Role
    }
  /** Tell a front which workers are its own, all of them. */
  | ({ readonly do: 'assign' } & Omit<Share, 'opened'>)
  /** A spawn that was asked for is not wanted any more. */
  | { readonly do: 'forget'; readonly age: number }
  | { readonly do: 'drain'; readonly age: number }
  /** Tell who serves that `of` share the clients now. */
  | { readonly do: 'share'; readonly age: number; readonly of: number }
  | { readonly do: 'kill'; readonly age: number; readonly signal: Signal }
  /** Take the stack of a blocked worker and log it; answered by `captured`. */
  | { readonly do: 'capture'; readonly age: number; readonly why: Overdue }
  | { readonly do: 'reopen-logs' }
  /** `failure`: ready as before, because a reload came to nothing. */
  | { readonly do: 'notify'; readonly state: 'reloading' | 'ready' | 'stopping'; readonly failure?: string }
  /** Stop listening; others (an upgrade's other master) may still hold the sockets. */
  | { readonly do: 'close-listeners'; readonly shared: boolean }
  | { readonly do: 'upgrade' }
  | { readonly do: 'end-upgrade' }
  /** The new master is told to end in order. */
  | { readonly do: 'back-out' }
  | { readonly do: 'answer'; readonly id: number; readonly granted: Granted }
  | { readonly do: 'promote' }
  | { readonly do: 'exit'; readonly code: number; readonly reason?: Failure }
