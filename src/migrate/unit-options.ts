/**
 * What becomes of the configuration of NGINX Unit (1.35), option by option; names are paths in its JSON. One table, for
 * `init --from` and for docs/migrate/unit.md.
 */

import type { SettingName } from '../config/settings/index.ts'
import { isRecord } from '../util/is-record.ts'
import { type Option, type Options, toDo } from './option.ts'
import type { Entry } from './text.ts'

interface UnitFacts {
  readonly application: Readonly<Record<string, unknown>>
}

type Row = Option<UnitFacts>

const work = (words: string): Row => ({ words })
const nothing = (words: string): Row => ({ words, needless: true })

const same = (setting: SettingName, words: string): Row => ({
  becomes: [setting],
  words,
  write: (value) => [{ set: setting, value }],
})

const isPython = ({ application }: UnitFacts): boolean => /^python/u.test(String(application['type']))

const isAsgi = ({ application }: UnitFacts): boolean => application['protocol'] === 'asgi'

const languages =
  'Only JavaScript on Node (type external), and WSGI applications (type python), are served. For other languages stay with a server of their own.'

const pythonApp = (value: unknown, facts: UnitFacts): readonly Entry[] => {
  const name = facts.application['callable']
  return [{ set: 'wsgi_app', value: name === undefined ? String(value) : `${String(value)}:${String(name)}` }]
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(String) : [String(value)]

const processes = (value: unknown): readonly Entry[] => {
  if (!isRecord(value)) return [{ set: 'workers', value }]
  const note = 'Unit started and ended processes as they were needed. Here their number is fixed.'
  return [{ set: 'workers', value: value['max'] ?? value['spare'], note }]
}

/** A package `unit-http` is loaded before the script; it has no meaning here. */
const isScript = (word: string): boolean => /\.[cm]?[jt]s$/u.test(word) && !word.includes('unit-http')

const isNodes = (word: string): boolean =>
  isScript(word) || /^node$|^--?(?:loader|require|import|r)$|unit-http/u.test(word)

/** Whom `forwarded` believes. */
const trusted = (value: unknown): readonly Entry[] =>
  isRecord(value) && value['source'] !== undefined
    ? [{ set: 'forwarded_allow_ips', value: texts(value['source']) }]
    : []

const times = (setting: SettingName): Row => same(setting, 'The same.')

const rows = {
  'listeners/pass': {
    becomes: ['bind'],
    words:
      'The addresses whose `pass` leads to the application, also by way of routes. `*:8080` becomes `0.0.0.0:8080`.',
    write: (value) => [
      { set: 'bind', value: texts(value).map((address) => address.replace(/^\*:/u, '0.0.0.0:')) },
    ],
  },
  'listeners/application': work(
    'The old form of `pass`: write it as `applications/NAME`, and translate again.',
  ),
  'listeners/tls': work(
    '`certfile` and `keyfile` name files; `sni_certs` has those for other names. HUP reads them again.',
  ),
  'listeners/forwarded': {
    becomes: ['forwarded_allow_ips'],
    words:
      "Its `source`. The scheme is believed from these proxies. For applications the address stays the peer's; the access log has the client's.",
    write: trusted,
  },
  'listeners/client_ip': {
    becomes: ['forwarded_allow_ips'],
    words: 'The older name of `forwarded`.',
    write: trusted,
  },
  'listeners/backlog': same('backlog', 'The same.'),
  'applications/type': {
    words: languages,
    unless: (value) => /^(?:external|python.*)$/u.test(String(value)),
  },
  'applications/protocol': {
    words: 'ASGI applications are not served.',
    unless: (value) => value !== 'asgi',
  },
  'applications/executable': {
    becomes: ['wsgi_app'],
    words:
      'The script that stands behind node, or the executable itself. It calls `listen()` of `node:http`; the package unit-http is not needed.',
    write: (value, { application }) => {
      const args = texts(application['arguments'] ?? [])
      const isNode = /(?:^|\/)(?:node|env)$/u.test(String(value))
      const script = isNode ? args.find(isScript) : String(value)
      return script === undefined
        ? [toDo('executable', `${String(value)} ${args.join(' ')}: set wsgi_app to the script that listens.`)]
        : [{ set: 'wsgi_app', value: /^\.{0,2}\//u.test(script) ? script : `./${script}` }]
    },
  },
  'applications/arguments': {
    words: 'Arguments stand on the command line, behind the application and `--`.',
    unless: (value) => texts(value).every(isNodes),
  },
  'applications/module': {
    becomes: ['wsgi_app'],
    words: 'With `callable` behind a colon.',
    write: (value, facts) => (isPython(facts) && !isAsgi(facts) ? pythonApp(value, facts) : []),
  },
  'applications/callable': { becomes: ['wsgi_app'], words: 'Stands behind the colon.', write: () => [] },
  'applications/factory': {
    words: 'A factory is called where the application is named: `shop:create_app()`.',
    unless: (value) => value !== true,
  },
  'applications/targets': work(
    'One server runs one application. Run a server for each target, and leave the choice to the proxy.',
  ),
  'applications/prefix': {
    becomes: ['raw_env'],
    words: 'As `SCRIPT_NAME` in `raw_env`.',
    write: (value) => [{ set: 'raw_env', value: [`SCRIPT_NAME=${String(value)}`] }],
  },
  'applications/path': {
    becomes: ['pythonpath'],
    words: 'Several with commas between them.',
    write: (value) => [{ set: 'pythonpath', value: texts(value).join(',') }],
  },
  'applications/home': same('python', 'The folder of a virtual environment is enough.'),
  'applications/working_directory': same('chdir', 'The same.'),
  'applications/environment': {
    becomes: ['raw_env'],
    words: 'The same.',
    write: (value) =>
      isRecord(value)
        ? [{ set: 'raw_env', value: Object.entries(value).map(([name, one]) => `${name}=${String(one)}`) }]
        : [],
  },
  'applications/processes': {
    becomes: ['workers'],
    words:
      'A number is the same. Of `max`, `spare` and `idle_timeout` the maximum is taken: the number of workers is fixed, and `tsgunicornc scale +2` changes it.',
    write: processes,
  },
  'applications/threads': same('threads', 'The same.'),
  'applications/thread_stack_size': nothing('Threads of Python have their default size.'),
  'applications/limits/requests': same(
    'max_requests',
    'The same. The successor is ready before the worker leaves.',
  ),
  'applications/limits/timeout': {
    becomes: ['timeout'],
    words:
      'A request of a Python application that takes longer is answered 504, and its worker is replaced. Of a JavaScript application `timeout` bounds a blocked event loop, not a request.',
    write: (value, facts) =>
      isPython(facts)
        ? [{ set: 'timeout', value }]
        : [
            toDo(
              'limits/timeout',
              'requests of JavaScript applications are not bounded. Bound them in the application, or the proxy.',
            ),
          ],
  },
  'applications/limits/reschedule_timeout': nothing('A request is given to a worker that is free.'),
  'applications/limits/shm': nothing('Bodies pass through sockets, within bounds.'),
  'applications/user': same('user', 'Only root may give another user.'),
  'applications/group': same('group', 'Only root may give another group.'),
  'applications/stderr': {
    becomes: ['errorlog', 'capture_output'],
    words: 'With the lines of the server in it.',
    write: (value) => [
      { set: 'errorlog', value },
      { set: 'capture_output', value: true },
    ],
  },
  'applications/stdout': work(
    'Standard output goes where that of the server goes; with `capture_output` to `errorlog`.',
  ),
  'applications/isolation': work(
    'Namespaces, cgroups and a new root are for systemd (`PrivateUsers=`, `RootDirectory=`, `MemoryMax=`) or containers.',
  ),
  'settings/http/header_read_timeout': times('header_timeout'),
  'settings/http/body_read_timeout': same(
    'body_timeout',
    'A body that is slower than `body_min_rate` after this time, or pauses as long, is refused.',
  ),
  'settings/http/send_timeout': times('write_timeout'),
  'settings/http/idle_timeout': same('keepalive', 'The same; 180 seconds in Unit, 2 here.'),
  'settings/http/max_body_size': same('limit_request_body', 'The same; 8 MB in Unit, no limit here.'),
  'settings/http/body_buffer_size': nothing('Small bodies are collected in memory.'),
  'settings/http/body_temp_path': nothing('Bodies are not written to files.'),
  'settings/http/discard_unsafe_fields': nothing('`header_map` drops fields with an underscore.'),
  'settings/http/server_version': nothing('No field Server is sent.'),
  'settings/http/log_route': nothing('There are no routes.'),
  'settings/http/websocket': work(
    'WebSockets are spoken by the application, for example by the package ws. WSGI applications have none.',
  ),
  'settings/http/large_header_buffer_size': work('Heads of 64 KB are accepted: `limit_request_head`.'),
  'settings/http/large_header_buffers': work('As `large_header_buffer_size`.'),
  'settings/http/chunked_transform': nothing('Chunked bodies are always accepted.'),
  'settings/http/static': work('Files are sent by the proxy, or by the application.'),
  'settings/http/compression': work('Compress in the proxy, or in the application.'),
  'settings/listen_threads': nothing('Workers and fronts accept by themselves.'),
  'settings/js_module': work(
    'There is no scripting in the configuration but the configuration itself: it is TypeScript.',
  ),
  'settings/telemetry': work('Metrics are at `admin_bind`.'),
  routes: work('Routing is for a proxy before the server. One server runs one application.'),
  upstreams: work('Balancing over several servers is for a proxy (nginx, HAProxy).'),
  access_log: {
    becomes: ['accesslog'],
    words: 'The path. The form is that of `access_log_format`, with the names of Gunicorn.',
    write: (value) => {
      const path = isRecord(value) ? value['path'] : value
      const format = isRecord(value) ? value['format'] : undefined
      return [
        { set: 'accesslog', value: path },
        ...(format === undefined
          ? []
          : [toDo('access_log/format', 'write it anew in access_log_format, with the names of Gunicorn.')]),
      ]
    },
  },
  certificates: work('Certificates are files: `certfile`, `keyfile`.'),
} as const satisfies Options<UnitFacts>

export const unitOptions: Options<UnitFacts> = rows
