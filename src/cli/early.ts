/**
 * The first worker's process, started before anything else is loaded. A guess by the look of the command line: where
 * it is wrong, it costs a process that ends at once.
 */
import { EarlyWorker } from '../arbiter/early-worker.ts'
import { masterVariable } from '../system/leftovers.ts'

/** Nothing is listened on, or other processes do it. */
const needless =
  /^(-h|--help|-v|--version|--check-config|--print-config|-D|--daemon|--reload|--node-option|init$)/

/** The sockets are there already, or standard streams that a worker may not have. */
const elsewhere = ['GUNICORN_PID', 'GUNICORN_FD', 'LISTEN_FDS', 'TSGUNICORN_DAEMON'] as const

export const earlyWorkerFor = (argv: readonly string[], env: NodeJS.ProcessEnv): EarlyWorker | undefined =>
  argv.some((argument) => needless.test(argument)) || elsewhere.some((name) => env[name])
    ? undefined
    : new EarlyWorker({ ...env, [masterVariable]: String(process.pid) })
