/** What workers, fronts and molds are told when they say hello, and the environment they are started in. */
import type { Config } from '../config/config.ts'
import type { ConfigTransfer } from '../config/transfer.ts'
import type { BootMessage, Bridge } from '../ipc/messages.ts'
import type { Inherited } from '../python/inherited.ts'
import { inheritVariables } from '../sockets/inherit.ts'
import { cpuCount } from '../system/cpus.ts'
import { masterVariable } from '../system/leftovers.ts'
import { listenVariables } from '../systemd/listen-fds.ts'
import { notifyVariables } from '../systemd/notify.ts'
import { splitPair } from '../util/split-pair.ts'
import { version } from '../version.ts'
import type { SpawnOptions } from './children.ts'
import { loadedOf, type Office, processName } from './office.ts'
import { isServed } from './pace.ts'
import { frontCount } from './policy.ts'
import type { Loaded } from './prepare.ts'
import type { Effect } from './state.ts'

type Place = Pick<Extract<Effect, { do: 'spawn' }>, 'role' | 'age' | 'generation' | 'slot'>

/** What a process is told when it says hello. */
export function bootOf(
  office: Pick<Office, 'bridge'> & Partial<Pick<Office, 'state'>>,
  loaded: Loaded,
  place: Place,
  proof = false,
): SpawnOptions['boot'] {
  const { config, transfer, appArguments, identity: privileges, tls, interpreter } = loaded
  const { role, age, generation, slot } = place
  const name = processName(config)
  const state = office.state?.()
  const unhurried = state !== undefined && isServed(state)
  const boot = { role, age, generation, slot, appArguments, processName: name, privileges, proof, unhurried }
  const maxRequests = withJitter(config.max_requests, config.max_requests_jitter)
  if (!interpreter) return { ...boot, config: transfer, tls, maxRequests }
  const bridge = office.bridge.open(privileges)
  if (role === 'front') return { ...boot, config: frontTransfer(loaded), tls, bridge, maxRequests: 0 }
  return {
    ...boot,
    config: { ...transfer, functions: [] },
    bridge,
    maxRequests,
    python: pythonBoot(loaded, bridge, age, state?.target ?? 0),
  }
}

const pythonBoot = (
  { config, python: conf, inherited }: Loaded,
  { folder }: Bridge,
  age: number,
  workers: number,
): NonNullable<BootMessage['python']> => ({
  spec: config.wsgi_app ?? '',
  socket: `${folder}/worker-${age}.sock`,
  threads: config.threads,
  workers,
  multiprocess: config.workers !== 1,
  software: `tsgunicorn/${version}`,
  ...(conf ? { conf } : {}),
  ...(inherited ? { inherited: inherited(age) } : {}),
})

/** A front runs no hooks but the one that TLS needs, and has room for the clients of all its workers. */
function frontTransfer({ config, transfer }: Loaded): ConfigTransfer {
  const functions = transfer.functions.filter((name) => name === 'ssl_context')
  const { code, values } = transfer
  const { workers } = config
  const count = workers === 'auto' ? cpuCount() : workers
  const share = Math.ceil(count / frontCount(config, count))
  const worker_connections = config.worker_connections * Math.max(1, share)
  return {
    values: { ...values, worker_connections },
    functions,
    ...(code && functions.length > 0 ? { code } : {}),
  }
}

/** Gunicorn draws the jitter in the master, so that two workers never share a seed. */
const withJitter = (limit: number, jitter: number): number =>
  limit > 0 ? limit + Math.floor(Math.random() * (jitter + 1)) : 0

export function spawnOptions(
  office: Office,
  { config, inherited }: Loaded,
  slot: number,
): Pick<SpawnOptions, 'boardFd' | 'nodeOptions' | 'cwd' | 'env' | 'output'> {
  return {
    boardFd: office.board.fd,
    nodeOptions: config.node_options,
    cwd: config.chdir,
    env: workerEnvironment(config, slot, altered(office.options.environment(), inherited?.(0))),
    // A daemon has no terminal to print on, and must not keep its caller's pipes open.
    output: config.daemon && !config.enable_stdio_inheritance ? 'ignore' : 'inherit',
  }
}

/** With what gunicorn.conf.py, or a hook of it, has made of the environment. */
function altered(env: NodeJS.ProcessEnv, inherited: Inherited | undefined): NodeJS.ProcessEnv {
  if (!inherited) return env
  const changes = Object.entries(inherited.env).map(([name, value]) => [name, value ?? undefined])
  return { ...env, ...Object.fromEntries(changes) }
}

/** Of a worker, a front or a mold that boots. */
export function stepBack(office: Office, generation: number, pid: number | undefined): void {
  if (isServed(office.state())) office.courtesy.stepBack(pid, loadedOf(office, generation).config.boot_nice)
}

/** The master's environment with `raw_env` and our marks in it; nothing that is the master's alone. */
export function workerEnvironment(config: Config, slot: number, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...base, ...Object.fromEntries(config.raw_env.map(splitPair)) }
  const masters = [...inheritVariables, ...listenVariables, ...notifyVariables, 'GUNICORN_PID']
  for (const name of masters) delete env[name]
  env[masterVariable] = String(process.pid)
  env['NODE_APP_INSTANCE'] = String(slot)
  if (config.reload) env['WATCH_REPORT_DEPENDENCIES'] = '1'
  return env
}
