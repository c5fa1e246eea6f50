/** What a recipe has to know of a project, and the project that the files of `deploy/` are written for. */
import { ServerError } from '../errors.ts'
import { type Address, parseAddress } from '../sockets/address.ts'

export interface Facts {
  /** A label as DNS has it: it names services, upstreams and containers. */
  readonly name: string
  /** The project's folder; absolute, as all paths here. */
  readonly directory: string
  readonly language: 'node' | 'python'
  /** What starts the server: Node where it is in no usual place, the program, the interpreter of Python if need be. */
  readonly program: readonly string[]
  /** What was said behind the recipe's name: flags, and the application. */
  readonly arguments: readonly string[]
  /** The settings that these arguments give. */
  readonly given: readonly string[]
  readonly bind: readonly Address[]
  readonly adminBind: Address | undefined
  readonly agentBind: Address | undefined
  readonly tls: boolean
  readonly proxyProtocol: 'off' | 'v1' | 'v2' | 'auto'
  readonly pidfile: string | undefined
  readonly controlSocket: string | undefined
  /** The files among `errorlog` and `accesslog`. */
  readonly logs: readonly string[]
  /** Who runs the master. */
  readonly user: string
  readonly group: string
  /** The setting `daemon`. */
  readonly daemon: boolean
  /** The setting `python`. */
  readonly python: string | undefined
  /** Whether the settings `user` or `group` are given: the master starts as root, and its workers do not stay it. */
  readonly dropsPrivileges: boolean
  readonly workers: number | 'auto'
  /** Seconds. */
  readonly timeout: number
  readonly bootTimeout: number
  readonly gracefulTimeout: number
  readonly lameDuck: number
  readonly keepalive: number
  /** Bytes; 0 is no limit. */
  readonly limitRequestBody: number
  /** Where a proxy listens, when it was said. */
  readonly listen: string | undefined
  readonly project: Project
}

/** What lies in the project's folder. */
export interface Project {
  /** package-lock.json is there. */
  readonly locked: boolean
  /** package.json has a script `build`. */
  readonly builds: boolean
  /** package.json has tsgunicorn among its dependencies. */
  readonly dependsOnServer: boolean
  readonly requirements: 'requirements.txt' | 'pyproject.toml' | undefined
  /** manage.py is there. */
  readonly django: boolean
}

/** `deploy/gunicorn.conf.ts` in `/srv/app`. */
export const exampleFacts: Facts = {
  name: 'app',
  directory: '/srv/app',
  language: 'node',
  program: ['/srv/app/node_modules/.bin/tsgunicorn'],
  arguments: [],
  given: [],
  bind: [parseAddress('unix:/run/app/http.sock'), parseAddress('127.0.0.1:8000')],
  adminBind: parseAddress('127.0.0.1:9000'),
  agentBind: undefined,
  tls: false,
  proxyProtocol: 'off',
  pidfile: '/run/app/app.pid',
  controlSocket: '/run/app/control.sock',
  logs: ['/var/log/app/error.log', '/var/log/app/access.log'],
  user: 'app',
  group: 'app',
  dropsPrivileges: false,
  daemon: false,
  python: undefined,
  workers: 2,
  timeout: 30,
  bootTimeout: 60,
  gracefulTimeout: 30,
  lameDuck: 0,
  keepalive: 65,
  limitRequestBody: 10_485_760,
  listen: undefined,
  project: {
    locked: true,
    builds: false,
    dependsOnServer: true,
    requirements: undefined,
    django: false,
  },
}

/** The same for a Django project. */
export const pythonExampleFacts: Facts = {
  ...exampleFacts,
  language: 'python',
  project: { ...exampleFacts.project, requirements: 'requirements.txt', django: true },
}

/** What a master needs beyond `lame_duck` and `graceful_timeout`: the application's own end, and some air. */
const margin = 10

/** The seconds that whoever stops the server has to grant before it kills. */
export const stopSeconds = ({ lameDuck, gracefulTimeout }: Facts): number =>
  Math.ceil(lameDuck + gracefulTimeout) + margin

/** How long a proxy may keep an idle connection: it has to end it before the server does. 0: none are kept. */
export const proxyIdleSeconds = ({ keepalive }: Facts): number =>
  keepalive < 2 ? 0 : keepalive <= 10 ? Math.floor(keepalive / 2) : Math.min(60, Math.floor(keepalive) - 5)

/** How long a proxy waits for bytes of an answer: the server's own 504 comes first. */
export const answerSeconds = ({ language, timeout }: Facts): number =>
  language === 'node' ? 60 : timeout === 0 ? 3600 : Math.ceil(timeout) + 5

/** For names that have no hyphen. */
export const identifierOf = ({ name }: Facts): string => name.replaceAll('-', '_')

export const refusal = (recipe: string, text: string): ServerError =>
  new ServerError('TSG_USAGE', `init ${recipe}: ${text}`)

/** Whoever watches the process that it started loses one that goes to the background. Throws TSG_USAGE. */
export const staysInFront = (recipe: string, { daemon }: Facts): void => {
  if (daemon)
    throw refusal(recipe, 'daemon is set, and the process that is started has to stay. Leave it out.')
}

/** The first address of the kinds, in the order of the kinds. Throws TSG_USAGE where there is none. */
export const addressFor = <Kind extends 'tcp' | 'unix'>(
  recipe: string,
  { bind }: Facts,
  kinds: readonly Kind[],
): Extract<Address, { kind: Kind }> => {
  for (const kind of kinds) {
    const found = bind.find((address) => address.kind === kind)
    if (found !== undefined) return found as Extract<Address, { kind: Kind }>
  }
  throw refusal(
    recipe,
    'bind names descriptors only (fd://), and a proxy needs an address. Name one: -b 127.0.0.1:8000.',
  )
}

/** `HOST:PORT` to connect to from this machine: who listens everywhere is reached at loopback. */
export const reachable = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host}:${port}`
