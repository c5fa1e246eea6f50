/**
 * The helper that calls listen(2), started before anything else is loaded, so that it is ready when the addresses are
 * known. A guess by the look of the command line: wrong, it costs a process that ends at once.
 */
import { Standby } from '../sockets/standby.ts'

/** Nothing is listened on, another process does it, or the sockets are there already. */
const needless = /^(-h|--help|-v|--version|--check-config|--print-config|-D|--daemon|init$)/

export const standbyFor = (argv: readonly string[], env: NodeJS.ProcessEnv): Standby | undefined =>
  argv.some((argument) => needless.test(argument)) || env['GUNICORN_PID'] || env['LISTEN_FDS']
    ? undefined
    : new Standby()
