/**
 * The master process: makes its parts, gives them the first event, and lets the loop run. It ends by
 * `options.exit`, nothing else.
 */

import type { Config } from '../config/config.ts'
import { inSource } from '../config/stack.ts'
import type { Administration } from '../control/administration.ts'
import { messageOf } from '../errors.ts'
import { settle } from '../metrics/slot.ts'
import { inheritBoard, inheritListeners } from '../sockets/inherit.ts'
import { createBoard } from '../system/board.ts'
import { monotonicNow } from '../system/clock.ts'
import { cpuCount } from '../system/cpus.ts'
import { setTitle } from '../system/title.ts'
import { createNotifier } from '../systemd/notify.ts'
import { version } from '../version.ts'
import { Prelude } from './administration/prelude.ts'
import { Questions } from './administration/questions.ts'
import { Waiting } from './administration/waiting.ts'
import { announce, silent } from './announcer.ts'
import { measureBacklog } from './backlog.ts'
import { BridgeFolder } from './bridge.ts'
import { Courtesy } from './courtesy.ts'
import { Crew } from './crew.ts'
import { nextDeadline } from './deadlines.ts'
import { decide, initialState } from './decide.ts'
import { Hooks } from './hooks.ts'
import { Listeners } from './listeners.ts'
import { LogSwitch } from './log-switch.ts'
import { openMasterLogs } from './logs.ts'
import { Loop } from './loop.ts'
import { Molds } from './molds.ts'
import { currentName, type MasterOptions, type Office } from './office.ts'
import { OwnListeners } from './own-listeners.ts'
import { perform, readBeats } from './perform.ts'
import { policyOf } from './policy.ts'
import { Salvage } from './salvage.ts'
import { ServerFacade } from './server-facade.ts'
import type { Event, SignalName } from './state.ts'
import { Watch } from './watch.ts'

export interface Master {
  /** A signal has arrived; also those that came before the master was made. */
  signal(name: SignalName): void
  /** The old master of an upgrade is gone. */
  parentGone(): void
  /** From when the first workers boot. */
  readonly administration: Administration | undefined
}

/** Setting an interval that never comes keeps a master without workers alive, and wakes nobody. */
const FOREVER = 2 ** 31 - 1

/** Rejects with a ServerError when the log cannot be opened or an inherited socket is none; nothing is started then. */
export async function startMaster(options: MasterOptions): Promise<Master> {
  const { config, warnings } = options.loaded
  const { error, statsd } = await openMasterLogs(options.loaded)
  const log = new LogSwitch(error)
  const inherited = inheritListeners()
  for (const warning of inherited.warnings ?? []) log.warning(warning)
  const role = options.parent === undefined ? 'master' : 'challenger'
  const loop: Loop = new Loop(initialState(role, process.pid ^ Date.now()), {
    decide,
    nextDeadline,
    now: monotonicNow,
    beats: (state) => readBeats(office, state),
    perform: (effect) => perform(office, effect),
    observe: (judged) => {
      prelude.judged(judged, Date.now())
      office.salvage.judged()
    },
  })
  const prelude = new Prelude(() => office)
  const notifier = createNotifier({ warn: (message) => log.warning(message) })
  const enqueue = (event: Event) => loop.enqueue(event)
  const watch = new Watch((files) => enqueue({ type: 'changed', files }), log)
  const office: Office = {
    options,
    log,
    hooks: new Hooks({
      log,
      failed: (message) => enqueue({ type: 'hook-failed', failure: { message, exit: 1 } }),
    }),
    listeners: new Listeners(inherited),
    board: createBoard({ directory: config.worker_tmp_dir, inherited: inheritBoard(), settle }),
    crew: new Crew(),
    bridge: new BridgeFolder(options.environment()),
    molds: new Molds(),
    courtesy: new Courtesy(log),
    server: new ServerFacade(() => office),
    loads: new Map([[1, options.loaded]]),
    enqueue,
    state: () => loop.state,
    watch: (files, since) => watch.add(office.config, files, since),
    watchEnd: () => watch.end(),
    notifier,
    announcer: silent,
    orders: new Waiting(),
    questions: new Questions(),
    salvage: new Salvage(() => office),
    attendants: [],
    own: new OwnListeners(() => office),
    administration: undefined,
    title: () => setTitle(`tsgunicorn: master [${currentName(office)}]`),
    config,
    pidfile: undefined,
    statsd,
    proof: undefined,
    successor: undefined,
  }
  setInterval(() => undefined, FOREVER)
  office.announcer = announce(office, inherited)
  guard(office)
  if (config.enable_backlog_metric) measureBacklog(office)
  office.title()
  log.info(`Starting tsgunicorn ${version}`)
  for (const warning of warnings) log.warning(warning)
  if (config.reload) log.warning('Reloader is on. Use in development only!')
  log.debug('Current configuration:', { detail: describe(config) })
  watch.add(config, options.loaded.files)
  enqueue({ type: 'start', policy: policyOf(options.loaded, cpuCount) })
  return {
    signal: (name) => enqueue({ type: 'signal', signal: name }),
    parentGone: () => enqueue({ type: 'parent-gone' }),
    get administration() {
      return office.administration
    },
  }
}

/**
 * What the user's configuration leaves running in the master (a timer, a promise nobody awaits) may throw: it is
 * logged, stops a start, and never a server. However this process ends, it takes its pidfile along.
 */
function guard(office: Office): void {
  const { log, enqueue } = office
  process.on('uncaughtException', (error, origin) => {
    log.exception(`Unhandled exception in the master (${origin})`, inSource(error))
    enqueue({
      type: 'hook-failed',
      failure: { message: `unhandled exception: ${messageOf(error)}`, exit: 1 },
    })
  })
  process.once('exit', () => office.pidfile?.unlink())
}

/** One line a setting, as Gunicorn prints them. */
const describe = (config: Config): string =>
  Object.entries(config)
    .map(
      ([name, value]) => `  ${name}: ${typeof value === 'function' ? 'a function' : JSON.stringify(value)}`,
    )
    .join('\n')
