/**
 * The functions a configuration may give. Order, process and moment of each are part of its meaning. Those of a worker
 * run in the language of the application: of gunicorn.conf.py with a Python one, of the others with a JavaScript one.
 */
import type { HookEnviron, HookRequest, HookResponse, HookServer, HookWorker } from '../hook-types.ts'
import type { Setting } from '../setting.ts'
import { hook, seconds } from '../setting-kinds.ts'

export const title = 'Server Hooks'

type Done = void | Promise<void>
type OfServer = (server: HookServer) => Done
type OfWorker = (worker: HookWorker) => Done
type OfBoth = (server: HookServer, worker: HookWorker) => Done

export const settings = {
  on_starting: hook<OfServer>({
    parameters: ['server'],
    summary: 'In the master, when it starts, before it listens.',
    details: 'The pidfile is written, no address is open. Throwing here stops the start.',
  }),
  on_reload: hook<OfServer>({
    parameters: ['server'],
    summary: 'In the master, at a reload, when the new configuration is in force.',
    details: "Runs before the new workers start. The new configuration's own hook is called.",
  }),
  when_ready: hook<OfServer>({
    parameters: ['server'],
    summary: 'In the master, when it listens.',
    details: 'Connections are queued from now on; the workers are yet to start.',
  }),
  pre_fork: hook<OfBoth>({
    parameters: ['server', 'worker'],
    summary: 'In the master, before a worker is started.',
    details:
      'The worker has an age, and the text `[booting]` for a pid. The worker waits for this hook: keep it short.',
  }),
  post_fork: hook<OfBoth>({
    parameters: ['server', 'worker'],
    summary: 'In the worker, first of all, before the application is loaded.',
    details: `\`server\` is what is known of the master at this moment. Nothing opened in the master exists here: workers are new
processes, not copies. With \`preload_app\` a Python worker is a copy of the mold, and has the application loaded: it is
the place to open anew what must not be shared.

Hooks of workers are called in the language of the application: a Python one needs \`gunicorn.conf.py\` for them, a
JavaScript one any of the other files. Hooks of the master may be of either.`,
    gunicorn: { differs: 'The worker is a new process; the memory of the master is not there.' },
  }),
  post_worker_init: hook<OfWorker>({
    parameters: ['worker'],
    summary: 'In the worker, when the application is loaded.',
    details:
      'The place to open what each worker needs for itself. The worker accepts connections when it is over.',
  }),
  worker_int: hook<OfWorker>({
    parameters: ['worker'],
    summary: 'In the worker, on INT or QUIT.',
    details: 'The worker is about to stop without finishing its requests. Not called for TERM.',
  }),
  worker_abort: hook<OfWorker>({
    parameters: ['worker'],
    summary: 'In the worker, on ABRT, which usually means a timeout.',
    details: `Called even while the event loop is blocked; then only what the hook does synchronously happens. Python calls
it on its main thread, as soon as that comes back from C code. There are \`abort_timeout\` seconds until KILL.`,
    gunicorn: { differs: 'While the event loop is blocked, only its synchronous part runs.' },
  }),
  pre_exec: hook<OfServer>({
    parameters: ['server'],
    summary: 'In the old master, on USR2, before the new one is started.',
    details: 'What it throws is logged, and the upgrade goes on.',
    gunicorn: { differs: 'Runs in the old master itself, not in a copy of it.' },
  }),
  pre_request: hook<(worker: HookWorker, request: HookRequest) => Done>({
    parameters: ['worker', 'request'],
    summary: 'In the worker, before each request.',
    details: 'The application waits for it. Throwing here answers 500.',
  }),
  post_request: hook<
    (worker: HookWorker, request: HookRequest, environ: HookEnviron, response: HookResponse) => Done
  >({
    parameters: ['worker', 'request', 'environ', 'response'],
    summary: 'In the worker, after each request.',
    details:
      'Runs after the response is sent and logged, with the very request that `pre_request` was given. What it throws is logged.',
  }),
  child_exit: hook<OfBoth>({
    parameters: ['server', 'worker'],
    summary: 'In the master, when a worker has exited.',
    details: 'Called for every worker, however it ended.',
    gunicorn: { differs: 'Also called for workers that failed to boot.' },
  }),
  worker_exit: hook<OfBoth>({
    parameters: ['server', 'worker'],
    summary: 'In the worker, last of all.',
    details: 'The place to close what `post_worker_init` opened. Not called for a worker that is killed.',
  }),
  nworkers_changed: hook<(server: HookServer, new_value: number, old_value: number | undefined) => Done>({
    parameters: ['server', 'new_value', 'old_value'],
    summary: 'In the master, when the number of workers wanted was set.',
    details: 'Called once at the start with no old value, then at every reload and for TTIN and TTOU.',
  }),
  on_exit: hook<OfServer>({
    parameters: ['server'],
    summary: 'In the master, before it exits.',
    details: 'The workers are gone, the pidfile is removed.',
  }),
  hook_timeout: seconds({
    cli: ['--hook-timeout'],
    metavar: 'SECONDS',
    default: 30,
    summary: 'How long a hook of the master may take; 0 = for ever.',
    details: `A hook that takes longer is given up and logged. Signals and heartbeats are attended to meanwhile; but what waits
for the hook (a worker to be started, the exit) waits this long at most. With 0 a worker whose \`pre_fork\` never ends is
given up after a day.`,
    gunicorn: false,
  }),
} as const satisfies Record<string, Setting>
