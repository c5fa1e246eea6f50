/**
 * Who is compared by `bench:failure` and `bench:boot`: how each is started, and how each is told what
 * the scenarios do to it. It knows no load and no figures.
 */
import { existsSync } from 'node:fs'
import { builtProgram } from '../test/support/machine.ts'
import type { Scenario } from './failure-scenarios.ts'
import type { Pm2 } from './obtain.ts'
import {
  blockOne,
  type Deed,
  grow,
  killOne,
  recycled,
  signalled,
  takenOver,
  told,
  toldFifo,
} from './peer-deeds.ts'
import { peerNames } from './peer-names.ts'
import type { PythonWorld } from './wsgi-obtain.ts'

export interface World {
  /** A Node that no other program runs: memory is told rightly. */
  readonly node: string
  /** Undefined where there is no usable Python, with the reason in `whyNoPython`. */
  readonly python: PythonWorld | undefined
  readonly whyNoPython: string
  readonly pm2: Pm2
}

export interface Order {
  readonly world: World
  readonly port: number
  readonly workers: number
  /** A copy of bench/failure/, where the server runs and may write. */
  readonly folder: string
  readonly scenario: Scenario | undefined
  /** Requests after which a worker is replaced, in the scenario `recycle`. */
  readonly recycleAfter: number
}

export interface Peer {
  readonly name: string
  readonly side: 'node' | 'wsgi'
  readonly command: (order: Order) => readonly string[]
  /** Beside the environment that all have. */
  readonly environment?: (order: Order) => Readonly<Record<string, string>>
  /** Which children of the master are its workers. */
  readonly isWorker: RegExp
  /** Where the master's pid is written, in the folder; without it the started process is the master. */
  readonly pidfile?: string
  readonly deeds: Readonly<Record<Scenario, Deed | { readonly cannot: string }>>
  /** Why it cannot take part here; undefined when it can. */
  readonly missing: (world: World) => string | undefined
}

/** A peer as it takes part: with so many workers. */
export type Contestant = Peer & { readonly workers: number }

const at = ({ port }: Order): string => `127.0.0.1:${port}`

/** What Gunicorn and tsgunicorn both understand. */
const gunicornFlags = (order: Order): string[] => [
  ...['-b', at(order), '-w', String(order.workers), '--pid', 'server.pid', '--log-level', 'warning'],
  ...(order.scenario === 'recycle' ? ['--max-requests', String(order.recycleAfter)] : []),
  ...(order.scenario === 'hang' ? ['--timeout', '2'] : []),
]

const gunicornDeeds: Peer['deeds'] = {
  reload: signalled('SIGHUP'),
  upgrade: takenOver,
  resize: grow(signalled('SIGTTIN'), signalled('SIGTTOU')),
  kill: killOne,
  recycle: recycled,
  hang: blockOne,
}

const pythonOf = ({ world: { python, whyNoPython } }: Order): PythonWorld => {
  if (python === undefined) throw new Error(whyNoPython)
  return python
}

const notBuilt = (): string | undefined =>
  existsSync(builtProgram) ? undefined : `${builtProgram} is not there: npm run build`

const gunicorn = (name: string, ...flags: string[]): Peer => ({
  name,
  side: 'wsgi',
  command: (order) => [
    pythonOf(order).server('gunicorn') ?? 'gunicorn',
    ...gunicornFlags(order),
    ...flags,
    'app:application',
  ],
  isWorker: /gunicorn/,
  pidfile: 'server.pid',
  deeds: gunicornDeeds,
  missing: ({ python, whyNoPython }) =>
    python === undefined
      ? whyNoPython
      : (python.failures.get('gunicorn') ??
        (python.versions['gunicorn'] === undefined ? 'not installed' : undefined)),
})

const noMaster = { cannot: 'not possible: the primary cannot be replaced while it serves' } as const
const noRecycling = { cannot: 'not possible: no replacement after a number of requests' } as const

const pm2 = (order: Order, ...words: string[]): string[] =>
  'why' in order.world.pm2 ? [] : [order.world.node, order.world.pm2.cli, ...words]

/** uWSGI's own way to grow and shrink is its cheaper mode, by hand. */
const uwsgiSizes = ({ scenario, workers }: Order): string[] =>
  scenario === 'resize'
    ? ['--processes', String(workers + 2), '--cheaper', String(workers), '--cheaper-algo', 'manual']
    : ['--processes', String(workers)]

export const peers: readonly Peer[] = [
  {
    name: peerNames.node,
    side: 'node',
    command: (order) => [
      order.world.node,
      builtProgram,
      ...gunicornFlags(order),
      '--no-control-socket',
      'handler.mjs',
    ],
    isWorker: /\bworker\b/,
    pidfile: 'server.pid',
    deeds: gunicornDeeds,
    missing: notBuilt,
  },
  {
    name: peerNames.cluster,
    side: 'node',
    command: ({ world }) => [world.node, 'cluster.mjs'],
    isWorker: /cluster\.mjs/,
    deeds: {
      ...gunicornDeeds,
      upgrade: noMaster,
      resize: { cannot: 'not possible: nobody has written it' },
      recycle: noRecycling,
    },
    missing: () => undefined,
  },
  {
    name: peerNames.pm2,
    side: 'node',
    command: ({ world, workers }) =>
      'why' in world.pm2
        ? []
        : [world.node, world.pm2.runtime, 'start', 'pm2.mjs', '--name', 'app', '-i', String(workers)],
    environment: ({ folder }) => ({ PM2_HOME: `${folder}/pm2` }),
    // pm2 names a process so when it has loaded the application.
    isWorker: /^node .*pm2\.mjs$/,
    deeds: {
      reload: told((order) => pm2(order, 'reload', 'app')),
      upgrade: { cannot: 'not possible: `pm2 update` ends all and starts anew' },
      resize: grow(
        told((order) => pm2(order, 'scale', 'app', String(order.workers + 2))),
        told((order) => pm2(order, 'scale', 'app', String(order.workers))),
        { steps: 1 },
      ),
      kill: killOne,
      recycle: noRecycling,
      hang: blockOne,
    },
    missing: ({ pm2: found }) => ('why' in found ? found.why : undefined),
  },
  {
    name: peerNames.wsgi,
    side: 'wsgi',
    command: (order) => [
      order.world.node,
      builtProgram,
      ...gunicornFlags(order),
      ...['--no-control-socket', '--python', pythonOf(order).python, 'app:application'],
    ],
    isWorker: /tsgunicorn_wsgi worker\b/,
    pidfile: 'server.pid',
    deeds: gunicornDeeds,
    missing: ({ python, whyNoPython }) => (python === undefined ? whyNoPython : notBuilt()),
  },
  gunicorn(peerNames.sync),
  gunicorn(peerNames.gthread, '--threads', '4'),
  {
    name: peerNames.uwsgi,
    side: 'wsgi',
    command: (order) => [
      ...(pythonOf(order).uwsgi ?? []),
      ...['--http', at(order), '--http-keepalive', '--master', ...uwsgiSizes(order), '--need-app'],
      ...['--lazy-apps', '--die-on-term', '--disable-logging', '--auto-procname'],
      ...['--master-fifo', 'fifo', '--wsgi-file', 'app.py'],
      ...(order.scenario === 'recycle'
        ? ['--max-requests', String(order.recycleAfter), '--min-worker-lifetime', '1']
        : []),
      ...(order.scenario === 'hang' ? ['--harakiri', '2'] : []),
    ],
    isWorker: /^uWSGI worker/,
    deeds: {
      reload: toldFifo('c'),
      upgrade: signalled('SIGHUP'),
      resize: grow(toldFifo('+'), toldFifo('-')),
      kill: killOne,
      recycle: recycled,
      hang: blockOne,
    },
    missing: ({ python, whyNoPython }) =>
      python === undefined
        ? whyNoPython
        : python.uwsgi === undefined
          ? (python.failures.get('pyuwsgi') ?? 'not installed')
          : undefined,
  },
]
