/**
 * How a worker comes to be: `pre_fork`, the process, its boot message, and what is done with what it says.
 */
import type { Config } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import type { ToMaster } from '../ipc/messages.ts'
import { inheritVariables } from '../sockets/inherit.ts'
import { masterVariable } from '../system/leftovers.ts'
import { listenVariables } from '../systemd/listen-fds.ts'
import { type SpawnOptions, spawnWorker, tell } from './children.ts'
import { factsOf, hookWorker, type Member } from './crew.ts'
import { currentName, loadedOf, type Office, processName } from './office.ts'
import type { Loaded } from './prepare.ts'
import type { Effect } from './state.ts'

type SpawnEffect = Extract<Effect, { do: 'spawn' }>

/** Begins the spawn; answered by `spawned`, or `spawn-failed`. */
export function beginSpawn(office: Office, effect: SpawnEffect): void {
  const { hooks, crew } = office
  const { config } = loadedOf(office, effect.generation)
  const begin = () => {
    if (!crew.isForgotten(effect.age)) trySpawn(office, effect)
  }
  if (!config.pre_fork && !hooks.busy) {
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
    office.enqueue({ type: 'spawned', age, pid })
  } catch (error) {
    office.log.error(`A worker could not be spawned: ${messageOf(error)}`, { age, err: error })
    office.enqueue({
      type: 'spawn-failed',
      age,
      message: `A worker could not be spawned: ${messageOf(error)}`,
    })
  }
}

function spawnMember(office: Office, { age, generation, slot }: SpawnEffect): number {
  const loaded = loadedOf(office, generation)
  const listeners = office.listeners.of(generation)
  office.board.clear(slot)
  const boot = { ...bootOf(loaded, { age, generation, slot }), processName: currentName(office) }
  const early = age === 1 ? office.options.early?.take(loaded.config) : undefined
  const child = spawnWorker(
    { ...spawnOptions(office, loaded, slot), boot, listeners, early },
    {
      said: (message) => heard(office, age, message),
      imported: (files) => office.watch(files),
      ended: (code, signal) => ended(office, age, code, signal),
    },
  )
  if (child.pid === undefined)
    throw new Error(`${process.execPath} could not be started in ${loaded.config.chdir}`)
  office.crew.add({
    age,
    generation,
    slot,
    child,
    listeners,
    booted: false,
    aborted: false,
    cfg: loaded.config,
  })
  return child.pid
}

export const bootOf = (
  { config, transfer, identity: privileges, tls }: Loaded,
  identity: { readonly age: number; readonly generation: number; readonly slot: number },
  proof = false,
): SpawnOptions['boot'] => ({
  ...identity,
  role: 'worker',
  config: transfer,
  processName: processName(config),
  privileges,
  tls,
  maxRequests: withJitter(config.max_requests, config.max_requests_jitter),
  proof,
})

/** Gunicorn draws the jitter in the master, so that two workers never share a seed. */
const withJitter = (limit: number, jitter: number): number =>
  limit > 0 ? limit + Math.floor(Math.random() * (jitter + 1)) : 0

export function spawnOptions(
  office: Office,
  { config }: Loaded,
  slot: number,
): Pick<SpawnOptions, 'boardFd' | 'nodeOptions' | 'cwd' | 'env' | 'output'> {
  return {
    boardFd: office.board.fd,
    nodeOptions: config.node_options,
    cwd: config.chdir,
    env: workerEnvironment(config, slot, office.options.environment()),
    // A daemon has no terminal to print on, and must not keep its caller's pipes open.
    output: config.daemon && !config.enable_stdio_inheritance ? 'ignore' : 'inherit',
  }
}

/** The master's environment with `raw_env` and our marks in it; nothing that is the master's alone. */
export function workerEnvironment(config: Config, slot: number, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...base, ...Object.fromEntries(config.raw_env.map(splitPair)) }
  for (const name of [...inheritVariables, ...listenVariables, 'GUNICORN_PID']) delete env[name]
  env[masterVariable] = String(process.pid)
  env['NODE_APP_INSTANCE'] = String(slot)
  if (config.reload) env['WATCH_REPORT_DEPENDENCIES'] = '1'
  return env
}

/** `NAME=value`; the value may hold further equals signs. */
export function splitPair(pair: string): [string, string] {
  const cut = pair.indexOf('=')
  return cut < 0 ? [pair, ''] : [pair.slice(0, cut), pair.slice(cut + 1)]
}

function heard(office: Office, age: number, message: Exclude<ToMaster, { type: 'hello' }>): void {
  const member = office.crew.get(age)
  if (!member) return
  switch (message.type) {
    case 'ready':
      member.booted = true
      office.watch([message.program])
      office.enqueue({ type: 'ready', age })
      return
    case 'recycle':
      office.enqueue({ type: 'recycle', age, reason: message.reason })
      return
    case 'failed':
      member.failure = message.message
      reportFailure(office, member, message.message, message.detail)
      return
    case 'listener': {
      const listener = member.listeners[message.index]
      if (listener) tell(member.child, { type: 'listener', index: message.index }, listener.handle)
      return
    }
    case 'listened':
      return
  }
}

/** All workers of a generation fail alike: the first is told in full, the others for those who debug. */
function reportFailure(office: Office, member: Member, message: string, detail: string | undefined): void {
  const words = `Exception in worker process (pid:${member.child.pid}): ${message}`
  const known = office.crew.isKnownFailure(member.generation, message)
  office.log[known ? 'debug' : 'error'](words, {
    pid: member.child.pid,
    generation: member.generation,
    ...(detail ? { detail } : {}),
  })
}

function ended(office: Office, age: number, code: number | null, signal: string | null): void {
  const member = office.crew.get(age)
  if (!member) return
  const { failure } = member
  office.crew.remove(age)
  // Asked for first: what the judgement makes of the end (on_exit, say) comes behind it.
  void office.hooks.call(member.cfg, 'child_exit', office.server, hookWorker(factsOf(member), office.log))
  office.enqueue({ type: 'exited', age, code, signal, ...(failure ? { message: failure } : {}) })
}
