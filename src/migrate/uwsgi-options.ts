/**
 * What becomes of each option of uWSGI that configurations of Python applications are made of: one table, for
 * `init --from` and for docs/migrate/uwsgi.md. Names are those of uWSGI 2.0.
 */
import { isAbsolute, relative } from 'node:path'
import type { SettingName } from '../config/settings/index.ts'
import { notUnderstood, type Option, type Options, toDo } from './option.ts'
import { type Entry, folded, octal } from './text.ts'
import type { UwsgiValues } from './uwsgi-file.ts'

interface UwsgiFacts {
  /** Where the file is translated. */
  readonly directory: string
  /** Where the application is found: `chdir`. Absolute. */
  readonly folder: string
  readonly values: UwsgiValues
}

type Row = Option<UwsgiFacts>

const nothing = (words: string): Row => ({ words, needless: true })
const work = (words: string): Row => ({ words, unless: (value) => !isOn(value) })

/** The last value, as uWSGI takes it of options that have one. */
const last = (value: unknown): string => String(Array.isArray(value) ? value.at(-1) : value)

const all = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(String) : [String(value)]

export const isOn = (value: unknown): boolean =>
  value !== undefined && !['false', '0', 'no', 'off'].includes(last(value))

const text = (setting: SettingName, words: string): Row => ({
  becomes: [setting],
  words,
  write: (value) => [{ set: setting, value: last(value) }],
})

const number = (setting: SettingName, words: string): Row => ({
  becomes: [setting],
  words,
  write: (value) => {
    const given = Number(last(value))
    return Number.isFinite(given)
      ? [{ set: setting, value: given }]
      : [notUnderstood(setting, last(value), 'a number')]
  },
})

const flag = (setting: SettingName, words: string): Row => ({
  becomes: [setting],
  words,
  write: (value) => (isOn(value) ? [{ set: setting, value: true }] : []),
})

/** What has no port is the path of a unix socket. */
const address = (value: string): string => (/(?:^|:)\d+$/u.test(value) ? value : `unix:${value}`)

const listens = (words: string, note?: string): Row => ({
  becomes: ['bind'],
  words,
  write: (value) => [
    { set: 'bind', value: all(value).map(address), ...(note === undefined ? {} : { note: folded(note) }) },
  ],
})

const attribute = ({ values }: UwsgiFacts): string => {
  const name = values['callable']?.at(-1)
  return name === undefined ? '' : `:${name}`
}

const moduleEntry = (value: unknown, facts: UwsgiFacts): readonly Entry[] => {
  const module = last(value)
  return [{ set: 'wsgi_app', value: module.includes(':') ? module : `${module}${attribute(facts)}` }]
}

/** `shop/wsgi.py`, below the folder of the application, is its module `shop.wsgi`. */
const fileEntry = (value: unknown, facts: UwsgiFacts): readonly Entry[] => {
  const path = last(value)
  const below = isAbsolute(path) ? relative(facts.folder, path) : path.replace(/^\.\//u, '')
  if (below.startsWith('..') || !/^[\w/]+\.py$/u.test(below)) {
    return [
      toDo(
        'wsgi-file',
        `${path} is no module below chdir. Set wsgi_app to MODULE:NAME, and chdir or pythonpath to where it is.`,
      ),
    ]
  }
  return [{ set: 'wsgi_app', value: `${below.slice(0, -3).replaceAll('/', '.')}${attribute(facts)}` }]
}

const megabytes = (words: string): Row => ({
  becomes: ['max_worker_memory'],
  words,
  write: (value) => [{ set: 'max_worker_memory', value: `${last(value)}M` }],
})

const socketMode = (value: unknown): readonly Entry[] => {
  const mode = last(value) === 'true' ? 0o666 : Number.parseInt(last(value), 8)
  if (!(mode >= 0 && mode <= 0o777)) return [notUnderstood('chmod-socket', last(value), 'a mode, as 660')]
  return [{ set: 'umask', value: 0o777 & ~mode, code: octal(0o777 & ~mode) }]
}

const logFile = (words: string, daemon = false): Row => ({
  becomes: daemon ? ['daemon', 'errorlog'] : ['errorlog'],
  words,
  write: (value) => [
    ...(daemon ? [{ set: 'daemon', value: true }] : []),
    { set: 'errorlog', value: last(value) },
  ],
})

const proxied =
  'uWSGI spoke its own protocol here, and this is HTTP: in nginx write proxy_pass http://... in the place of uwsgi_pass.'

const rows = {
  module: {
    becomes: ['wsgi_app'],
    aliases: ['wsgi'],
    words: 'With `callable` behind a colon.',
    write: moduleEntry,
  },
  'wsgi-file': {
    becomes: ['wsgi_app'],
    aliases: ['file'],
    words: 'The file as a module: `shop/wsgi.py` becomes `shop.wsgi`.',
    write: fileEntry,
  },
  callable: {
    becomes: ['wsgi_app'],
    words: 'Stands behind the colon. Without it `application` is looked for, then `app`.',
    write: () => [],
  },
  mount: work(
    'One server runs one application. Mount several in Python (`werkzeug.middleware.dispatcher`), or run a server for each.',
  ),
  chdir: text('chdir', 'The same.'),
  virtualenv: text('python', 'The folder of a virtual environment is enough.'),
  pythonpath: {
    becomes: ['pythonpath'],
    aliases: ['python-path', 'pp'],
    words: 'Several with commas between them.',
    write: (value) => [{ set: 'pythonpath', value: all(value).join(',') }],
  },
  env: {
    becomes: ['raw_env'],
    words: 'The same.',
    write: (value) => [{ set: 'raw_env', value: all(value) }],
  },
  processes: { ...number('workers', 'The same.'), aliases: ['workers'] },
  threads: number('threads', 'The same. A worker with threads is a `gthread` worker.'),
  'enable-threads': nothing('Threads of the application always run.'),
  http: listens('HTTP is spoken by the server itself: there is no router process to choose.'),
  'http-socket': { ...listens('HTTP.'), aliases: ['http11-socket'] },
  socket: {
    ...listens(
      `The same address, for HTTP. In nginx \`uwsgi_pass\` becomes \`proxy_pass\`, with the headers of a proxy.`,
      proxied,
    ),
    aliases: ['uwsgi-socket'],
  },
  https: work('TLS is `certfile` and `keyfile`, with the address in `bind`.'),
  listen: number('backlog', 'The same; the system caps it.'),
  'reuse-port': flag('reuse_port', 'The same, with Node 22.12 or newer.'),
  'chmod-socket': {
    becomes: ['umask'],
    words: 'The bits that are left out: 660 becomes `0o117`.',
    write: socketMode,
  },
  'chown-socket': work(
    'Unix sockets belong to the user who starts the server. Start it as this user, or let systemd make the socket (`SocketUser=`).',
  ),
  master: nothing('There is always a master.'),
  'single-interpreter': nothing('One worker runs one interpreter.'),
  'need-app': nothing('A server without an application does not start.'),
  strict: nothing('Names that are no settings are always refused.'),
  vacuum: nothing('Sockets and pidfiles are always removed.'),
  'die-on-term': nothing('TERM always stops, and finishes the requests in hand.'),
  'lazy-apps': {
    becomes: ['preload_app'],
    aliases: ['lazy'],
    words:
      'The default here. Without it uWSGI loads the application before it forks, which is `preload_app`.',
    write: () => [],
  },
  harakiri: number(
    'timeout',
    'The same, with the stack of the request in the log. The default here is 30 seconds; uWSGI has none.',
  ),
  'harakiri-verbose': nothing('The stack is always logged.'),
  'reload-mercy': number('graceful_timeout', 'As `worker-reload-mercy`.'),
  'worker-reload-mercy': number('graceful_timeout', 'The same. The default here is 30 seconds, of uWSGI 60.'),
  'max-requests': number(
    'max_requests',
    'The same. The successor is ready before the worker leaves. `max_requests_jitter` keeps workers from leaving together.',
  ),
  'max-worker-lifetime': number('max_worker_lifetime', 'The same.'),
  'min-worker-lifetime': nothing('Workers that die at boot are replaced with growing pauses.'),
  'reload-on-rss': megabytes('The same, in megabytes.'),
  'evil-reload-on-rss': megabytes('As `reload-on-rss`; no worker is killed for its size.'),
  'limit-as': work(
    'The address space of workers is not limited. Use `max_worker_memory`, or `MemoryMax=` of systemd.',
  ),
  'touch-reload': work(
    'Reload by a command: `tsgunicornc reload --wait`, or HUP to the master. A script that touched the file runs the command.',
  ),
  'touch-chain-reload': work(
    'As `touch-reload`. A reload never leaves fewer workers than before; `reload_surge` has it go step by step.',
  ),
  'py-autoreload': {
    becomes: ['reload'],
    aliases: ['python-auto-reload'],
    words: 'For development.',
    write: (value) => (isOn(value) ? [{ set: 'reload', value: true }] : []),
  },
  uid: text('user', 'Only root may give another user. The master stays what it was started as.'),
  gid: text('group', 'Only root may give another group.'),
  umask: {
    becomes: ['umask'],
    words: 'The same, for sockets.',
    write: (value) => {
      const mode = Number.parseInt(last(value), 8)
      return [{ set: 'umask', value: mode, code: octal(mode) }]
    },
  },
  pidfile: { ...text('pidfile', 'The same.'), aliases: ['safe-pidfile', 'pidfile2'] },
  daemonize: logFile('Two settings. Under systemd leave both out.', true),
  daemonize2: logFile('As `daemonize`. The command returns when the server is ready.', true),
  logto: { ...logFile('The same; USR1 opens it anew after logrotate.'), aliases: ['logto2'] },
  'disable-logging': nothing('Requests are logged only with `accesslog`.'),
  'log-format': work(
    'The access log has the form of `access_log_format`, whose names are those of Gunicorn. It is written with `accesslog`.',
  ),
  'log-maxsize': work(
    'Files are turned over by logrotate, and opened anew with USR1 (deploy/logrotate.conf).',
  ),
  logger: work('`errorlog`, `syslog` and `statsd_host` say where logs go.'),
  'req-logger': work('Requests are logged with `accesslog`, or to `syslog`.'),
  'log-date': nothing('Lines begin with their time.'),
  'log-master': nothing('Workers write into the log themselves.'),
  'log-x-forwarded-for': nothing('The access log has the client of a trusted proxy: `forwarded_allow_ips`.'),
  'memory-report': nothing('`tsgunicornc status` shows memory.'),
  procname: {
    ...text('proc_name', 'The name in process lists.'),
    aliases: ['procname-prefix', 'procname-prefix-spaced', 'procname-master'],
  },
  'auto-procname': nothing('Processes always have names.'),
  'http-keepalive': {
    ...number('keepalive', 'Seconds. Without a number the default is kept.'),
    unless: (value) => last(value) === 'true',
  },
  'http-timeout': work(
    'A request is bounded by `timeout`, a slow client by `header_timeout`, `body_timeout` and `write_timeout`.',
  ),
  'socket-timeout': work('As `http-timeout`.'),
  'buffer-size': work(
    'Heads of 64 KB are accepted, fields of 8 KB: `limit_request_head`, `limit_request_field_size`.',
  ),
  'post-buffering': nothing('Small bodies are collected before a worker is given the request; docs/wsgi.md.'),
  'ignore-sigpipe': nothing('Clients that leave are no errors.'),
  'ignore-write-errors': nothing('Clients that leave are no errors.'),
  'disable-write-exception': nothing(
    'Clients that leave are an `OSError` from `write()`, and nothing in the log.',
  ),
  'thunder-lock': nothing('Fronts accept, not workers.'),
  'so-keepalive': nothing('Idle connections end after `keepalive`.'),
  'close-on-exec': nothing('Connections are never inherited.'),
  'no-orphans': nothing('Workers leave when the master dies.'),
  'offload-threads': nothing('Files and buffered answers are sent by fronts, not by workers.'),
  'wsgi-env-behaviour': nothing('A dictionary for each request.'),
  plugins: { ...nothing('Nothing has to be loaded.'), aliases: ['plugin', 'plugin-dir', 'plugins-dir'] },
  stats: work('`tsgunicornc status --json`, or `/metrics` at `admin_bind`.'),
  'master-fifo': work('`tsgunicornc` and signals do what the FIFO does.'),
  cheaper: work(
    'The number of workers is fixed while it runs; `tsgunicornc scale +2` changes it. Set `workers` to what the load needs.',
  ),
  'cheaper-initial': work('As `cheaper`.'),
  'cheaper-step': work('As `cheaper`.'),
  'cheaper-algo': work('As `cheaper`.'),
  gevent: work(
    'Nothing is monkey-patched: use `threads` for requests that wait. Slow clients hold no worker.',
  ),
  async: work('As `gevent`.'),
  'static-map': work('Files are sent by nginx, or by the application (WhiteNoise).'),
  'check-static': work('As `static-map`.'),
  'add-header': work('Headers are for the application, or the proxy.'),
  route: work('Routing is for the proxy, or the application.'),
  'manage-script-name': work('`SCRIPT_NAME` in `raw_env` is the path that the application is mounted at.'),
  'attach-daemon': work('Other processes have services of their own.'),
  cron: work('Timers are for systemd or cron.'),
  mule: work('Work in the background is for a queue (Celery, RQ), with a service of its own.'),
  spooler: work('As `mule`.'),
  emperor: work(
    'One service for each application; a template unit of systemd (`name@.service`) starts them alike.',
  ),
  ini: work('Other files are not read. Translate them by themselves.'),
  include: work('As `ini`.'),
} as const satisfies Options<UwsgiFacts>

export const uwsgiOptions: Options<UwsgiFacts> = {
  ...rows,
  virtualenv: { ...rows.virtualenv, aliases: ['home', 'venv', 'pyhome'] },
}
