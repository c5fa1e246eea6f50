/**
 * Effects and their deeds: the only caller of kill, spawn and close in the master. A deed that takes time answers
 * with an event later; none may throw.
 */
import { messageOf } from '../errors.ts'
import { beginCapture, prepareCapture } from './capture.ts'
import { takePidfile } from './claim.ts'
import { leave } from './leave.ts'
import { changeLogs, reopenLogs } from './logs.ts'
import { dropUnused, loadedOf, type Office } from './office.ts'
import { startNewMaster } from './reexec.ts'
import { beginSpawn } from './spawning.ts'
import type { Effect, State } from './state.ts'
import { beginStep } from './steps.ts'

type Deeds = { readonly [D in Effect['do']]: (office: Office, effect: Extract<Effect, { do: D }>) => void }

const deeds: Deeds = {
  log: ({ log }, { level, message, facts }) => log[level](message, facts),
  step: beginStep,
  commit: (office, { generation, first }) => commit(office, generation, first),
  discard: (office, { generation }) => {
    office.proof?.kill('SIGKILL')
    office.listeners.drop(generation)
    office.own.drop(generation)
    dropUnused(office)
    const serving = office.state().serving
    if (serving) office.config = loadedOf(office, serving.number).config
  },
  'workers-changed': (office, { now, before }) => {
    office.statsd?.workers(now)
    office.announcer.refresh()
    office.log.debug(`${now} workers`, { workers: now, before })
    void office.hooks.call(office.config, 'nworkers_changed', office.server, now, before)
  },
  spawn: beginSpawn,
  assign: ({ crew }, { front, workers, abandoned }) => {
    const list = workers.flatMap((age) => crew.get(age)?.address ?? [])
    crew.get(front)?.child.tell({ type: 'workers', workers: list, abandoned })
  },
  forget: ({ crew }, { age }) => {
    // Its process may exist already, with the word of it still in the queue.
    const member = crew.get(age)
    if (member) member.child.kill('SIGKILL')
    else crew.forget(age)
  },
  drain: (office, { age }) => {
    const member = office.crew.get(age)
    // Who is the last to accept on a socket also takes what waits in its queue.
    if (!member) return
    const { listeners } = office
    const emptyAcceptQueue = !listeners.keeps(member.listeners)
    const givenUp = listeners.isGivenUp(member.listeners)
    member.child.tell({ type: 'drain', emptyAcceptQueue, givenUp })
  },
  share: ({ crew }, { age, of }) => crew.get(age)?.child.tell({ type: 'share', of }),
  kill: ({ crew, log }, { age, signal }) => {
    const member = crew.get(age)
    if (!member) return
    if (signal === 'SIGABRT') member.aborted = true
    if (!member.child.kill(signal)) log.debug(`Worker (pid:${member.child.pid}) is gone already`, { age })
  },
  capture: (office, effect) => void beginCapture(office, effect),
  'reopen-logs': (office) => {
    // First, for workers that may not make the files themselves.
    reopenLogs(office)
    for (const { child } of office.crew.all()) child.tell({ type: 'reopen-logs' })
  },
  notify: ({ announcer }, { state, failure }) => announcer.tell(state, failure),
  'close-listeners': (office, { shared }) => {
    office.options.early?.dismiss()
    office.proof?.kill('SIGKILL')
    // An upgrade that was asked for and never started shares nothing.
    const alone = office.state().role === 'master' && office.successor === undefined
    office.listeners.closeAll(shared && !alone)
    office.announcer.letListenersGo(shared && !alone)
  },
  upgrade: (office) => void upgrade(office),
  'end-upgrade': ({ successor }) => void successor?.kill('SIGKILL'),
  'back-out': ({ successor }) => void successor?.kill('SIGTERM'),
  answer: ({ orders }, { id, granted }) => orders.answered(id, granted),
  promote: (office) => void promote(office),
  exit: (office, { code, reason }) => void leave(office, code, reason),
}

/** Begins the effect. A deed that throws is a fault of ours: it is logged, and the master goes on. */
export function perform(office: Office, effect: Effect): void {
  const deed = deeds[effect.do] as (office: Office, effect: Effect) => void
  try {
    deed(office, effect)
  } catch (error) {
    office.log.exception(`internal error in '${effect.do}': ${messageOf(error)}`, error)
  }
}

/** The last beat of each serving worker, from the board. */
export function readBeats(office: Office, state: State): ReadonlyMap<number, number> {
  const serving = state.workers.filter(({ phase }) => phase === 'ready' || phase === 'leaving')
  return new Map(serving.map(({ age, slot }) => [age, office.board.read(slot).beat]))
}

function commit(office: Office, generation: number, first: boolean): void {
  const loaded = loadedOf(office, generation)
  office.listeners.commit(generation)
  office.own.commit(generation)
  office.announcer.keepListeners()
  dropUnused(office)
  office.title()
  const { target } = office.state()
  office.statsd?.workers(target)
  office.log.debug(`${target} workers`, { workers: target })
  // Starting is over: nothing has to be quick any more.
  void office.log.usePino()
  void prepareCapture()
  if (first) {
    if (office.state().role === 'challenger') office.courtesy.comeForwardOurselves()
    office.options.early?.dismiss()
    office.options.ready()
    return
  }
  void changeLogs(office, loaded)
  takePidfile(office, loaded.config).catch((error: unknown) => office.log.error(messageOf(error)))
  for (const attendant of office.attendants) attendant.follow(loaded.config)
  office.log.info(`Reloaded: generation ${generation} serves`, { generation })
}

async function upgrade(office: Office): Promise<void> {
  // Without a hook at once: a TERM that follows closes our sockets.
  if (office.config.pre_exec) await office.hooks.call(office.config, 'pre_exec', office.server)
  const generation = office.state().serving?.number ?? 0
  const events = {
    ready: () => {
      office.courtesy.comeForward(office.successor?.pid)
      office.own.pause()
      office.enqueue({ type: 'upgrade-ready' })
    },
    ended: (message: string, backedOut: boolean) => {
      office.courtesy.forget(office.successor?.pid)
      office.successor = undefined
      office.own.resume()
      office.enqueue({ type: 'upgrade-ended', message, backedOut })
    },
  }
  if (office.state().mode.phase === 'stopping') {
    events.ended('this master was stopped before the new one was started', false)
    return
  }
  if (office.state().upgrade.phase === 'backing-out') {
    events.ended('the upgrade was backed out before the new master was started', true)
    return
  }
  try {
    const { command } = office.options
    const shared = {
      legacy: office.listeners.legacy(generation),
      board: office.board,
      own: office.own.legacies,
    }
    office.successor = startNewMaster(command, shared, events)
    const { pid } = office.successor
    office.log.info(`Starting a new master (pid:${pid})`, { pid })
    office.courtesy.stepBackForHeirs(pid, office.config.boot_nice)
  } catch (error) {
    events.ended(`the new master could not be started: ${messageOf(error)}`, false)
  }
}

/** The old master is gone: this one takes over its name and its pidfile. */
async function promote(office: Office): Promise<void> {
  office.courtesy.comeForwardOurselves()
  office.title()
  office.announcer.promoted()
  for (const attendant of office.attendants) attendant.promoted()
  try {
    await takePidfile(office, office.config, office.options.parent)
  } catch (error) {
    office.log.error(messageOf(error))
  }
}
