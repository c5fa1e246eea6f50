/**
 * Who is compared by `bench:wsgi`, and how each is run: two Python workers unless its name says otherwise. It knows no
 * load and no figures.
 *
 * Every server logs no requests, has its defaults but for what its row is about, and serves one application.
 */
import { existsSync } from 'node:fs'
import { builtProgram } from '../test/support/machine.ts'
import type { PythonWorld } from './wsgi-obtain.ts'

export interface Order {
  readonly world: PythonWorld
  readonly port: number
  /** The folder of the applications, and the module; the attribute is `application`. */
  readonly folder: string
  readonly module: string
}

/** Which tables a server appears in. */
export type Trial = 'load' | 'mixed' | 'memory'

export interface Server {
  readonly name: string
  readonly trials: readonly Trial[]
  readonly command: (order: Order) => readonly string[]
  /** Why it cannot take part here; undefined when it can. */
  readonly missing: (world: PythonWorld) => string | undefined
  /** What a reader has to know of its figures. */
  readonly note?: string
}

const at = ({ port }: Order): string => `127.0.0.1:${port}`
const target = ({ module }: Order): string => `${module}:application`

const tsgunicorn = (name: string, trials: readonly Trial[], ...options: string[]): Server => ({
  name: `tsgunicorn ${name}`,
  trials,
  command: (order) => [
    order.world.node,
    builtProgram,
    ...['-b', at(order), '--chdir', order.folder, '--python', order.world.python],
    ...['--log-level', 'warning', '--no-control-socket', ...options],
    target(order),
  ],
  missing: () => (existsSync(builtProgram) ? undefined : `${builtProgram} is not there: npm run build`),
})

const gunicornArguments = (order: Order, options: readonly string[]): string[] => [
  ...['-b', at(order), '--chdir', order.folder, '--log-level', 'warning', ...options],
  target(order),
]

const needs =
  (...packages: string[]): Server['missing'] =>
  ({ failures, versions }) =>
    packages
      .map((name) => failures.get(name) ?? (versions[name] ? undefined : `${name} is not installed`))
      .find(Boolean)

/** `needed`: packages of pip beside Gunicorn. Its C parser would be taken wherever it is installed. */
const gunicorn = (
  name: string,
  trials: readonly Trial[],
  needed: readonly string[],
  ...options: string[]
): Server => ({
  name: `gunicorn ${name}`,
  trials,
  command: (order) => {
    const parser = ['--http-parser', needed.includes('gunicorn_h1c') ? 'fast' : 'python']
    return [
      order.world.server('gunicorn') ?? 'gunicorn',
      ...gunicornArguments(order, [...parser, ...options]),
    ]
  },
  missing: needs('gunicorn', ...needed),
})

const debian = (name: string, ...options: string[]): Server => ({
  name: `gunicorn (Debian) ${name}`,
  trials: ['load'],
  command: (order) => [...(order.world.debianGunicorn ?? []), ...gunicornArguments(order, options)],
  missing: ({ debianGunicorn, debianGevent }) => {
    if (debianGunicorn === undefined) return "Debian's package gunicorn is not installed"
    return options.includes('gevent') && !debianGevent
      ? "Debian's package python3-gevent is not installed"
      : undefined
  },
})

const uwsgi = (name: string, trials: readonly Trial[], listen: readonly string[], note?: string): Server => ({
  name: `uWSGI ${name}`,
  trials,
  command: (order) => [
    ...(order.world.uwsgi ?? []),
    ...[...listen.slice(0, 1), at(order), ...listen.slice(1)],
    ...['--master', '--processes', '2', '--need-app', '--die-on-term', '--disable-logging'],
    ...['--chdir', order.folder, '--pythonpath', order.folder, '--pythonpath', order.world.packages],
    ...['--wsgi', target(order)],
  ],
  missing: ({ uwsgi: words, failures }) =>
    words === undefined ? (failures.get('pyuwsgi') ?? 'uwsgi is not installed') : undefined,
  ...(note === undefined ? {} : { note }),
})

const granian = (
  name: string,
  trials: readonly Trial[],
  options: readonly string[],
  note?: string,
): Server => ({
  name: `Granian ${name}`,
  trials,
  command: (order) => [
    ...[order.world.server('granian') ?? 'granian', '--interface', 'wsgi', '--workers', '2'],
    ...['--host', '127.0.0.1', '--port', String(order.port), '--http', '1', '--no-ws'],
    ...['--log-level', 'warning', '--working-dir', order.folder, ...options],
    target(order),
  ],
  missing: needs('granian'),
  ...(note === undefined ? {} : { note }),
})

const two = ['-w', '2']
const twoByFour = [...two, '--threads', '4']

/** The first of each trial is ours; `names` say who the goals speak of. */
export const contestants: readonly Server[] = [
  tsgunicorn('sync', ['load', 'mixed'], ...two),
  tsgunicorn('threads 2 x 4', ['load', 'mixed'], ...twoByFour),
  tsgunicorn('preload 4 workers', ['memory'], '-w', '4', '--preload'),
  gunicorn('sync', ['load', 'mixed'], [], ...two),
  gunicorn('sync with C parser', ['load'], ['gunicorn_h1c'], ...two),
  gunicorn('gthread 2 x 4', ['load', 'mixed'], [], '-k', 'gthread', ...twoByFour),
  gunicorn('gevent', ['load', 'mixed'], ['gevent'], '-k', 'gevent', ...two),
  gunicorn('preload 4 workers', ['memory'], [], '-w', '4', '--preload'),
  debian('sync', ...two),
  debian('gthread 2 x 4', '-k', 'gthread', ...twoByFour),
  debian('gevent', '-k', 'gevent', ...two),
  uwsgi('--http keep-alive', ['load', 'mixed'], ['--http', '--http-keepalive']),
  uwsgi('--http keep-alive 2 x 4', ['mixed'], ['--http', '--http-keepalive', '--threads', '4']),
  uwsgi(
    '--http11-socket',
    ['load'],
    ['--http11-socket'],
    'serves two connections at a time and keeps them even when asked to close: the others wait, and are in no percentile',
  ),
  granian('2 workers', ['load', 'mixed'], [], 'its default allows 128 threads in each worker'),
  granian('2 x 1', ['load'], ['--blocking-threads', '1']),
  granian('2 x 4', ['load', 'mixed'], ['--blocking-threads', '4']),
  {
    name: 'waitress 1 x 8',
    trials: ['load', 'mixed'],
    command: (order) => [
      ...[order.world.server('waitress-serve') ?? 'waitress-serve', '--threads=8', `--listen=${at(order)}`],
      target(order),
    ],
    missing: needs('waitress'),
  },
]

/** The rows that the goals compare. */
export const names = {
  sync: 'tsgunicorn sync',
  threads: 'tsgunicorn threads 2 x 4',
  preload: 'tsgunicorn preload 4 workers',
  gunicornSync: 'gunicorn sync',
  gunicornThreads: 'gunicorn gthread 2 x 4',
  gunicornPreload: 'gunicorn preload 4 workers',
  uwsgiHttp: 'uWSGI --http keep-alive',
} as const
