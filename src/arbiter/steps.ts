/**
 * The work of a generation's steps (see staging.ts): each is begun here and answered by `loaded`, `done` or `failed`.
 */
import { usesThreads } from '../config/worker-class.ts'
import { messageOf, ServerError } from '../errors.ts'
import { cpuCount } from '../system/cpus.ts'
import { bootOf, spawnOptions, stepBack } from './boots.ts'
import { spawnWorker } from './children.ts'
import { takePidfile } from './claim.ts'
import { namesOf } from './listeners.ts'
import { openMold } from './molds.ts'
import { loadedOf, type Office } from './office.ts'
import { policyOf } from './policy.ts'
import type { Loaded } from './prepare.ts'
import type { Effect, Failure } from './state.ts'

type StepEffect = Extract<Effect, { do: 'step' }>

/** Begins a step; its outcome comes as an event. */
export function beginStep(office: Office, { step, generation, first }: StepEffect): void {
  const work = steps[step]
  work(office, generation, first).then(
    () => step !== 'loading' && office.enqueue({ type: 'done', generation, step }),
    (error: unknown) => office.enqueue({ type: 'failed', generation, failure: failureOf(error) }),
  )
}

const failureOf = (error: unknown): Failure => {
  const message = messageOf(error)
  if (!(error instanceof ServerError)) return { message, exit: 1 }
  const { detail, exitStatus: exit, code, subject } = error
  return {
    message,
    code,
    exit,
    ...(detail ? { detail } : {}),
    ...(code === 'TSG_ADDRESS_IN_USE' ? { retry: subject ?? 'the address' } : {}),
  }
}

/** `node v24.1.0`, or `gthread, 4 threads (CPython 3.11.7, /srv/venv/bin/python, from VIRTUAL_ENV)`. */
const workerWords = ({ config, interpreter: python }: Loaded): string => {
  if (!python) return `node ${process.version}`
  const isThreaded = usesThreads(config.worker_class, config.threads)
  const kind = isThreaded ? `gthread, ${config.threads} threads` : 'sync'
  return `${kind} (${python.implementation} ${python.version}, ${python.path}, from ${python.from})`
}

type Work = (office: Office, generation: number, first: boolean) => Promise<void>

const steps: Readonly<Record<StepEffect['step'], Work>> = {
  /** Reload: the configuration is read again, and judged before anything is touched. */
  loading: async (office, generation) => {
    const loaded = await office.options.reload()
    for (const warning of loaded.warnings) office.log.warning(warning)
    office.loads.set(generation, loaded)
    office.enqueue({ type: 'loaded', generation, policy: policyOf(loaded, cpuCount) })
  },

  preparing: async (office, generation) => {
    const { config } = loadedOf(office, generation)
    await office.hooks.call(config, 'nworkers_changed', office.server, office.state().target, undefined)
    await takePidfile(office, config)
    await office.hooks.call(config, 'on_starting', office.server)
  },

  opening: async (office, generation, first) => {
    const { config, identity: owner, tls } = loadedOf(office, generation)
    await office.listeners.open(generation, {
      bind: config.bind,
      backlog: config.backlog,
      standby: first ? office.options.early : undefined,
      reusePort: config.reuse_port,
      umask: config.umask,
      ...(owner ? { owner } : {}),
    })
    await office.own.open(generation, config)
    const names = namesOf(office.listeners.of(generation), tls !== undefined)
    const addresses = names.join(',')
    if (!first) return
    office.log.info(`Listening at: ${addresses} (${process.pid})`, { addresses: names })
    office.log.info(`Using worker: ${workerWords(loadedOf(office, generation))}`)
  },

  announcing: async (office, generation, first) => {
    const loaded = loadedOf(office, generation)
    const { config } = loaded
    office.config = config
    office.options.adopt(config)
    if (first) {
      office.log.debug('Arbiter booted')
      await office.hooks.call(config, 'when_ready', office.server)
      return
    }
    const { target } = office.state()
    const { workers } = policyOf(loaded, cpuCount)
    await office.hooks.call(config, 'nworkers_changed', office.server, workers, target)
    await office.hooks.call(config, 'on_reload', office.server)
  },

  /** preload_app: one throw-away process loads the app and fills the compile cache before any worker is spawned. */
  proving: async (office, generation) => {
    const loaded = loadedOf(office, generation)
    if (loaded.interpreter) {
      await openMold(office, loaded, generation)
      return
    }
    await new Promise<void>((resolve, reject) => {
      let failure: ServerError | undefined
      office.proof = spawnWorker(
        {
          ...spawnOptions(office, loaded, 0),
          boot: bootOf(office, loaded, { role: 'worker', age: 0, generation, slot: 0 }, true),
          listeners: [],
        },
        {
          said: (message) => {
            if (message.type !== 'failed') return
            const code = message.exit === 4 ? 'TSG_APP_SHAPE' : 'TSG_WORKER_BOOT'
            failure = new ServerError(code, message.message, message.detail ? { detail: message.detail } : {})
          },
          imported: ({ files, since }) => office.watch(files, since),
          garbled: () => undefined,
          ended: (code, signal) => {
            office.courtesy.forget(office.proof?.pid)
            office.proof = undefined
            if (code === 0) resolve()
            else reject(failure ?? new ServerError('TSG_WORKER_BOOT', proofWords(code, signal)))
          },
        },
      )
      stepBack(office, generation, office.proof.pid)
    })
  },
}

const proofWords = (code: number | null, signal: string | null): string =>
  `preload_app: the application could not be loaded: its process ended ${signal ? `by ${signal}` : `with status ${code}`}`
