import { messageOf } from '../errors.ts'
import type { ToMaster } from '../ipc/messages.ts'
import { withCode } from '../util/with-code.ts'
import { bootOf, spawnOptions, stepBack } from './boots.ts'
import { removeSocket } from './bridge.ts'
import type { Child, ChildEvents } from './child.ts'
import { type SpawnOptions, spawnPython, spawnWorker } from './children.ts'
import { factsOf, hookWorker, type Member } from './crew.ts'
import { forkWorker } from './molds.ts'
import { currentName, dropUnused, loadedOf, type Office } from './office.ts'
import type { Effect, RecycleReason } from './state.ts'

type SpawnEffect = Extract<Effect, { do: 'spawn' }>

/** Begins the spawn; answered by `spawned`, or `spawn-failed`. */
export function beginSpawn(office: Office, effect: SpawnEffect): void {
  const { hooks, crew } = office
  const { config } = loadedOf(office, effect.generation)
  const begin = () => {
    if (!crew.isForgotten(effect.age)) trySpawn(office, effect)
  }
  if (effect.role === 'front' || (!config.pre_fork && !hooks.busy)) {
    begin()
    return
  }
  const { age, generation } = effect
  const facts = {
    age,
    generation,
    cfg: config,
    booted: false,
    aborted: false,
    pid: '[booting]',
    alive: true,
  } as const
  void hooks.call(config, 'pre_fork', office.server, hookWorker(facts, office.log)).then(begin)
}

function trySpawn(office: Office, effect: SpawnEffect): void {
  const { age } = effect
  try {
    const pid = spawnMember(office, effect)
    stepBack(office, effect.generation, pid)
    if (pid !== undefined) office.enqueue({ type: 'spawned', age, pid })
  } catch (error) {
    spawnFailed(office, age, error)
  }
}

function spawnFailed({ log, enqueue }: Office, age: number, error: unknown): void {
  const message = `A worker could not be spawned: ${messageOf(error)}`
  log.error(message, { age, err: error })
  enqueue({ type: 'spawn-failed', age, message })
}

/** The process's id, undefined when it comes later (a mold forks it). */
function spawnMember(office: Office, effect: SpawnEffect): number | undefined {
  const { age, generation, slot, role } = effect
  const loaded = loadedOf(office, generation)
  office.board.clear(slot)
  const index = office.board.index(slot)
  const boot = { ...bootOf(office, loaded, effect), slot: index, processName: currentName(office) }
  const events: ChildEvents = {
    said: (message) => heard(office, age, message),
    imported: ({ files, since }) => office.watch(files, since),
    garbled: (what) =>
      office.log.warning(`Worker (pid:${office.crew.get(age)?.child.pid}): ${what}`, { age }),
    ended: (code, signal) => ended(office, age, code, signal),
  }
  const options = { ...spawnOptions(office, loaded, slot), boot }
  const { interpreter: python } = loaded
  if (role === 'front' || !python) return spawnNode(office, effect, options, events)
  const enroll = (child: Child): number => addPython(office, effect, child, boot)
  if (!loaded.config.preload_app) {
    return enroll(spawnPython({ ...options, python: python.path, program: 'worker' }, events))
  }
  // The board is the mold's fourth descriptor, too.
  forkWorker(office, loaded, { type: 'boot', ...boot, listeners: [], board: 4 }, events).then(
    (child) => {
      const pid = enroll(child)
      if (office.crew.isForgotten(age)) child.kill('SIGKILL')
      else office.enqueue({ type: 'spawned', age, pid })
    },
    (error: unknown) => spawnFailed(office, age, error),
  )
  return undefined
}

function spawnNode(
  office: Office,
  { age, generation, slot, role }: SpawnEffect,
  options: Omit<SpawnOptions, 'listeners'>,
  events: ChildEvents,
): number {
  const loaded = loadedOf(office, generation)
  const listeners = office.listeners.of(generation)
  // The early process is for whoever serves HTTP first; beside Python workers that is a front.
  const isFirst = age === 1 || (role === 'front' && generation === 1)
  const early = isFirst ? office.options.early?.take(loaded.config) : undefined
  const child = spawnWorker({ ...options, listeners, early }, events)
  if (child.pid === undefined)
    throw new Error(`${process.execPath} could not be started in ${loaded.config.chdir}`)
  const member = { age, generation, slot, role, child, listeners, booted: false, aborted: false }
  office.crew.add({ ...member, language: 'javascript', cfg: loaded.config })
  return child.pid
}

function addPython(
  office: Office,
  effect: SpawnEffect,
  child: Child,
  { python }: SpawnOptions['boot'],
): number {
  const { age, generation, slot, role } = effect
  const { config, interpreter } = loadedOf(office, generation)
  const { pid } = child
  if (pid === undefined || !python)
    throw new Error(`${interpreter?.path} could not be started in ${config.chdir}`)
  const { socket: path, threads } = python
  const member = { age, generation, slot, role, child, booted: false, aborted: false, cfg: config }
  office.crew.add({ ...member, language: 'python', listeners: [], address: { age, pid, path, threads } })
  return pid
}

function heard(office: Office, age: number, message: Exclude<ToMaster, { type: 'hello' }>): void {
  const member = office.crew.get(age)
  if (!member) return
  switch (message.type) {
    case 'ready':
      member.booted = true
      office.courtesy.comeForward(member.child.pid)
      if (message.program !== '') office.watch([message.program])
      office.enqueue({ type: 'ready', age })
      return
    case 'recycle':
      beginRecycle(office, age, message.reason)
      return
    case 'failed':
      member.failure = {
        message: message.message,
        ...(message.detail === undefined ? {} : { detail: message.detail }),
      }
      reportFailure(office, member, message)
      return
    case 'overdue':
      if (message.alone) member.aborted = true
      office.enqueue({ type: 'overdue', age, alone: message.alone })
      return
    case 'answer':
      office.questions.answered(age, message)
      return
    case 'adopted':
      office.salvage.adopted(age, message)
      return
    case 'listener': {
      const listener = member.listeners[message.index]
      if (listener) member.child.tell({ type: 'listener', index: message.index }, listener.handle)
      return
    }
    // What others say: helpers of listen(2), and molds.
    case 'listened':
    case 'forked':
    case 'ended':
      return
  }
}

/** systemd, timeout(1) and terminals signal all processes of a server: our own TERM may be a moment behind a worker's. */
const OWN_SIGNAL_PATIENCE = 250

function beginRecycle(office: Office, age: number, reason: RecycleReason): void {
  const begin = () => office.enqueue({ type: 'recycle', age, reason })
  if (reason === 'signal') setTimeout(begin, OWN_SIGNAL_PATIENCE).unref()
  else begin()
}

/** All workers of a generation fail alike: the first is told in full, the others for those who debug. */
function reportFailure(office: Office, member: Member, said: Extract<ToMaster, { type: 'failed' }>): void {
  const { message, code, detail } = said
  const words = `Exception in worker process (pid:${member.child.pid}): ${withCode(message, code)}`
  const known = office.crew.isKnownFailure(member.generation, message)
  office.log[known ? 'debug' : 'error'](words, {
    pid: member.child.pid,
    generation: member.generation,
    ...(code ? { code } : {}),
    ...(detail ? { detail } : {}),
  })
}

function ended(office: Office, age: number, code: number | null, signal: string | null): void {
  const member = office.crew.get(age)
  if (!member) return
  const { failure, address } = member
  office.crew.remove(age)
  office.courtesy.forget(member.child.pid)
  office.board.absorb(member.slot)
  office.questions.ended(age)
  office.salvage.ended(age)
  if (address) {
    removeSocket(address.path)
    for (const front of office.crew.all())
      if (front.role === 'front') front.child.tell({ type: 'worker-ended', age })
  }
  const hook = hookWorker(factsOf(member), office.log)
  // Asked for first: what the judgement makes of the end (on_exit, say) comes behind it.
  if (member.role === 'worker') void office.hooks.call(member.cfg, 'child_exit', office.server, hook)
  office.enqueue({ type: 'exited', age, code, signal, ...(failure ? { said: failure } : {}) })
  dropUnused(office)
}
