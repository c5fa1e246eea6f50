/** Sections of the manual pages that no table knows: files, variables of others, examples. Markdown, as ofMarkdown reads it. */
import { escaped, heading, item, ofMarkdown } from './roff.ts'

type Items = ReadonlyArray<readonly [term: string, text: string]>

const section = (title: string, items: Items): readonly string[] => [
  heading(title),
  ...items.map(([term, text]) => item(term, ofMarkdown(text))),
]

/** A command and what it does: the command stands as it is typed. */
const examples = (items: Items): readonly string[] => [
  heading('Examples'),
  ...items.map(
    ([words, command]) => `.PP\n${ofMarkdown(words)}\n.PP\n.RS 4\n.nf\n${escaped(command)}\n.fi\n.RE`,
  ),
]

/** What tsgunicorn reads of the environment, beside the defaults of settings. */
export const programVariables: Items = [
  ['GUNICORN_CMD_ARGS', 'Flags, as on the command line, which wins over them.'],
  [
    'VIRTUAL_ENV',
    'The virtual environment whose interpreter runs Python applications, unless `python` names one.',
  ],
  [
    'XDG_RUNTIME_DIR',
    'Where the folder of the control socket is made; without it, among the temporary files.',
  ],
  [
    'NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS, LISTEN_PID, JOURNAL_STREAM',
    'Set by systemd: readiness and reloads are told, the watchdog is fed, sockets are taken, lines carry their priority.',
  ],
]

const configurationFiles: Items = [
  [
    './gunicorn.conf.ts',
    'The configuration; also .mts, .js, .mjs, .cjs, .json, .yaml, .yml and .py. See gunicorn.conf(5).',
  ],
  [
    './.tsgunicorn/config.d.ts',
    'Types that editors complete the configuration with; `tsgunicorn init` writes them.',
  ],
]

const socketFiles: Items = [
  [
    '$XDG_RUNTIME_DIR/tsgunicorn/*.ctl',
    'Control sockets, one for each server, unless `control_socket` names a path. Without the variable they are in tsgunicorn-UID below the folder for temporary files. One that only answers questions ends in `.ro`.',
  ],
]

export const programFiles = section('Files', [
  ...configurationFiles,
  [
    'PIDFILE, PIDFILE.2',
    'The process id of the master (`pidfile`), and during an upgrade that of the new one.',
  ],
  ...socketFiles,
])

export const programExamples = examples([
  ['Four workers on every interface:', 'tsgunicorn -w 4 -b :8080 app.js'],
  ['A Django project, two workers with four threads each:', 'tsgunicorn -w 2 --threads 4 mysite.wsgi'],
  [
    'Check the configuration and the application, as a deployment should:',
    'tsgunicorn --check-config app.js',
  ],
  [
    'In the background; the command returns when the server is ready:',
    'tsgunicorn -D -p shop.pid --error-logfile shop.log app.js',
  ],
  ['New code without a lost request:', 'kill -HUP "$(cat shop.pid)"'],
  ['A new version of tsgunicorn, likewise:', 'kill -USR2 "$(cat shop.pid)"\nkill -TERM "$(cat shop.pid)"'],
])

export const configurationVariables = (defaults: Items): readonly string[] =>
  section('Environment', [
    ['GUNICORN_CMD_ARGS', 'Flags that win over the file, and over which the command line wins.'],
    ...defaults,
  ])

export const configurationFilesSection = section('Files', [
  ...configurationFiles,
  ['schema/gunicorn.schema.json', 'In the package: the JSON Schema of files in JSON and YAML.'],
])

export const configurationExamples = examples([
  [
    'An object, with a hook:',
    `import { defineConfig } from 'tsgunicorn'

export default defineConfig({
  bind: ['0.0.0.0:8000'],
  workers: 'auto',
  accesslog: '-',
  when_ready(server) {
    server.log.info('listening')
  },
})`,
  ],
  [
    'A function of the environment:',
    "export default ({ env }) => ({ reload: env.NODE_ENV !== 'production' })",
  ],
  ['YAML:', "bind: ['0.0.0.0:8000']\nworkers: 4"],
])

export const clientVariables = section('Environment', [
  ['XDG_RUNTIME_DIR, TMPDIR', 'Where control sockets are looked for.'],
  ['NO_COLOR', 'Not empty: no colours.'],
  ['TERM', '`dumb`: no colours.'],
])

export const clientFiles = section('Files', socketFiles)

export const clientExamples = examples([
  ['How the server of this directory is, live:', 'tsgunicornc top'],
  ['Deploy, and fail when it fails:', 'tsgunicornc reload --wait || exit 1'],
  ['Two workers more:', 'tsgunicornc scale +2'],
  [
    'A new master; then the end of the old one:',
    'tsgunicornc upgrade --wait\ntsgunicornc upgrade --complete',
  ],
  ['A number for a script:', 'tsgunicornc --json status | jq .totals.requests'],
  ['The server of a pidfile:', 'tsgunicornc --pid /run/shop.pid status'],
])
