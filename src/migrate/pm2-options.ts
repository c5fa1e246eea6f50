/**
 * What becomes of each option of a pm2 ecosystem file: one table, for `init --from` and for docs/migrate/pm2.md. Names
 * and aliases are those of pm2 7.
 */
import { resolve } from 'node:path'
import { settings } from '../config/settings/index.ts'
import { isRecord } from '../util/is-record.ts'
import { notUnderstood, type Option, type Options, toDo } from './option.ts'
import { wordsOf } from './pm2-command.ts'
import {
  environment,
  errorNames,
  has,
  instanceHook,
  instancesOf,
  logEntries,
  outNames,
  type Pm2App,
  pathOf,
  portEntries,
  secondsOf,
  texts,
} from './pm2-entries.ts'
import { shellWord } from './text.ts'

type Row = Option<Pm2App>

const nothing = (words: string): Row => ({ words, needless: true })
const work = (words: string): Row => ({ words })

const bootTimeout = settings.boot_timeout.default

const rows = {
  script: {
    becomes: ['wsgi_app', 'node_options'],
    aliases: ['exec'],
    words:
      'Also `node server.js`, and `npm start` where package.json says what that is. Scripts that call `listen()` are served as they are. Other programs, and scripts of other languages, are not.',
    write: (_, { command }) =>
      command.kind === 'other'
        ? [toDo('script', command.words)]
        : [
            { set: 'wsgi_app', value: command.app },
            ...(command.nodeOptions.length === 0
              ? []
              : [{ set: 'node_options', value: command.nodeOptions }]),
          ],
  },
  args: {
    words:
      'Arguments stand on the command line, behind the application and `--`: `tsgunicorn ./server.js -- --verbose`. No setting holds them.',
    write: (_, { command }) =>
      command.kind === 'other' || command.args.length === 0
        ? []
        : [
            toDo(
              'args',
              'no setting holds them, they stand on the command line:',
              `tsgunicorn ${command.app} -- ${command.args.map(shellWord).join(' ')}`,
            ),
          ],
  },
  cwd: {
    becomes: ['chdir'],
    words: 'Left out where it is the folder of the configuration.',
    write: (value, facts) => {
      const path = pathOf(value, facts)
      return resolve(facts.directory, path) === facts.directory ? [] : [{ set: 'chdir', value: path }]
    },
  },
  exec_interpreter: {
    aliases: ['interpreter'],
    words:
      'Workers run on the Node that starts the server, and TypeScript needs no loader. Another Node: start tsgunicorn with it.',
    write: (value) =>
      /(?:\/node|^node@.+)$/u.test(String(value))
        ? [
            toDo(
              'interpreter',
              `workers run on the Node that starts the server. Start tsgunicorn with ${String(value)}.`,
            ),
          ]
        : [],
  },
  node_args: {
    becomes: ['node_options'],
    aliases: ['interpreterArgs', 'interpreter_args'],
    words: 'The flags of Node, for workers.',
    write: (value) => [{ set: 'node_options', value: wordsOf(value) }],
  },
  source_map_support: {
    becomes: ['node_options'],
    words: '`true` becomes `--enable-source-maps`.',
    write: (value) => (value === true ? [{ set: 'node_options', value: ['--enable-source-maps'] }] : []),
  },
  disable_source_map_support: nothing(
    'Source maps are read only with `--enable-source-maps` in `node_options`.',
  ),
  exec_mode: nothing('There is one mode: workers share the sockets, as in cluster mode.'),
  instances: {
    becomes: ['workers'],
    words:
      '`max` and 0 become `auto`, -1 one less than there are processors. Without it there is one worker.',
    write: instancesOf,
  },
  env: {
    becomes: ['raw_env', 'bind'],
    words:
      'Variables of master and workers. `PORT` becomes an address, too: the port that the application gives to `listen()` is not looked at. `init --env NAME` lays `env_NAME` over it, as `pm2 start --env NAME` does.',
    write: (value, { values }) =>
      isRecord(value)
        ? [...portEntries(values['PORT']), { set: 'raw_env', value: environment(values) }]
        : [notUnderstood('env', value, 'an object of variables')],
  },
  port: {
    becomes: ['bind', 'raw_env'],
    words: 'As `PORT` in `env`.',
    write: (value) => [...portEntries(value), { set: 'raw_env', value: [`PORT=${String(value)}`] }],
  },
  filter_env: work(
    'Workers have the whole environment of who starts the server. Start it by systemd, or with `env -i`, to begin with little.',
  ),
  max_memory_restart: {
    becomes: ['max_worker_memory'],
    words: 'The same units (powers of 1024). The successor is ready before the large worker leaves.',
    write: (value) => [{ set: 'max_worker_memory', value }],
  },
  kill_timeout: {
    becomes: ['graceful_timeout'],
    words: 'From milliseconds to seconds. pm2 kills after 1.6 seconds, here the default is 30.',
    write: (value) => {
      const seconds = secondsOf(value)
      return seconds === undefined
        ? [notUnderstood('kill_timeout', value, 'milliseconds')]
        : [{ set: 'graceful_timeout', value: seconds }]
    },
  },
  listen_timeout: {
    becomes: ['boot_timeout'],
    words: `Taken when it is longer than the default of ${bootTimeout} seconds. pm2 goes on with a worker that is late; here it has failed, and the old workers serve on.`,
    write: (value) => {
      const seconds = secondsOf(value)
      if (seconds === undefined) return [notUnderstood('listen_timeout', value, 'milliseconds')]
      return seconds > bootTimeout ? [{ set: 'boot_timeout', value: seconds }] : []
    },
  },
  wait_ready: {
    words:
      "A worker is ready when it listens: call `listen()` last, when all that it needs is there. `process.send('ready')` does no harm.",
    unless: (value) => value !== true,
  },
  shutdown_with_message: {
    words:
      "There is no message 'shutdown'. Listen for SIGTERM: its listeners run when the requests are done.",
    unless: (value) => value !== true,
  },
  autorestart: {
    words:
      'A worker that ends is always replaced. What runs once and ends is no server: leave it to cron or systemd.',
    unless: (value) => value !== false,
  },
  stop_exit_codes: work('A worker that ends is replaced, whatever its exit status.'),
  max_restarts: nothing(
    'A server that has served never gives up: pauses between deaths at boot double from 0.1 to 30 seconds.',
  ),
  min_uptime: nothing(
    'A worker that dies within a second after it was ready counts as one that died at boot.',
  ),
  restart_delay: nothing(
    'A dead worker is replaced at once, and with pauses only when its successors die at boot, too.',
  ),
  exp_backoff_restart_delay: nothing('Pauses between deaths at boot double by themselves.'),
  cron_restart: {
    aliases: ['cron'],
    words:
      'A line of crontab, `cd FOLDER && npx tsgunicornc reload --wait`, or a timer of systemd. Nobody waits at a reload. For an age alone there is `max_worker_lifetime`.',
    write: (value, { directory }) =>
      value === 0 || value === '0' || value === ''
        ? []
        : [
            toDo(
              'cron_restart',
              'put a reload into crontab, or set max_worker_lifetime:',
              `${String(value)} cd ${directory} && npx tsgunicornc reload --wait`,
            ),
          ],
  },
  watch: {
    becomes: ['reload', 'reload_extra_files'],
    words:
      'What workers have loaded is watched by itself; paths are watched in addition. For development: in production reload when a deployment is complete.',
    write: (value) => {
      if (value === false) return []
      const paths = value === true ? [] : texts(value)
      return [
        { set: 'reload', value: true },
        ...(paths.length === 0 ? [] : [{ set: 'reload_extra_files', value: paths }]),
      ]
    },
  },
  ignore_watch: nothing('Only what was loaded is watched, and what `reload_extra_files` names.'),
  watch_delay: nothing('Changes that come together are one reload.'),
  watch_options: nothing('`reload_engine` is `poll` where events do not arrive.'),
  error_file: {
    becomes: ['errorlog', 'capture_output'],
    aliases: errorNames.slice(1),
    words:
      'One file for the lines of the server and all that workers print. Without it they go to standard error, which journald takes.',
    write: logEntries,
  },
  out_file: {
    becomes: ['errorlog', 'capture_output'],
    aliases: outNames.slice(1),
    words:
      'As `error_file`. With both, standard output goes to `error_file`, too: there is no second file for it.',
    write: (value, facts) => {
      if (!has(facts.app, ...errorNames)) return logEntries(value, facts)
      const error = errorNames.map((name) => facts.app[name]).find((path) => path !== undefined)
      return error === value
        ? []
        : [{ comment: `${String(value)} is not written: standard output goes to errorlog, too.` }]
    },
  },
  log_file: {
    becomes: ['errorlog', 'capture_output'],
    aliases: ['log'],
    words: 'As `error_file`, when neither of the others is given.',
    write: (value, facts) =>
      typeof value !== 'string' || has(facts.app, ...errorNames, ...outNames) ? [] : logEntries(value, facts),
  },
  disable_logs: {
    becomes: ['errorlog', 'capture_output'],
    words: '`true` becomes `/dev/null`. Better leave it out: the server says there why it does not start.',
    write: (value) =>
      value === true
        ? [
            { set: 'errorlog', value: '/dev/null' },
            { set: 'capture_output', value: true },
          ]
        : [],
  },
  log_type: {
    becomes: ['error_log_format'],
    words: '`json` is the form of the lines of the server; what the application prints stays as it is.',
    write: (value) => (value === 'json' ? [{ set: 'error_log_format', value: 'json' }] : []),
  },
  log_date_format: nothing(
    'Lines of the server begin with their time. What the application prints has the time that it prints, or that of journald.',
  ),
  time: nothing('As `log_date_format`.'),
  merge_logs: { ...nothing('All workers write into one file.'), aliases: ['combine_logs'] },
  pid_file: {
    becomes: ['pidfile'],
    aliases: ['pid'],
    words: "The master's, and one file; `tsgunicornc status` shows the pids of workers.",
    write: (value, facts) => [{ set: 'pidfile', value: pathOf(value, facts) }],
  },
  name: {
    becomes: ['proc_name'],
    words: 'The name in process lists.',
    write: (value) => [{ set: 'proc_name', value: String(value) }],
  },
  name_prefix: nothing('Say it all in `proc_name`.'),
  append_env_to_name: nothing('Say it in `proc_name`.'),
  namespace: nothing('There is no list of servers to sort: each has its own service.'),
  uid: {
    becomes: ['user'],
    aliases: ['user'],
    words: 'Only root may give another user.',
    write: (value) => [{ set: 'user', value }],
  },
  gid: {
    becomes: ['group'],
    words: 'Only root may give another group.',
    write: (value) => [{ set: 'group', value }],
  },
  username: nothing('It changes nothing in pm2 either.'),
  instance_var: {
    words:
      '`NODE_APP_INSTANCE` is set, to a number that no other living worker of the master has. `post_fork` can give it another name.',
    write: (value) => (value === 'NODE_APP_INSTANCE' ? [] : [instanceHook('instance_var', String(value))]),
  },
  increment_var: {
    words:
      'For ports it is not needed: all workers serve the same addresses. For other variables as `instance_var`.',
    write: (value) => (value === 'PORT' ? [] : [instanceHook('increment_var', String(value))]),
  },
  treekill: nothing(
    'A worker is ended by its own pid. Children of the application are its own to end, when SIGTERM comes.',
  ),
  kill_retry_time: nothing('The end of a process is reported, and not looked for.'),
  execute_command: nothing('Commands are understood as far as the row `script` says.'),
  force: nothing(
    'Two servers on one address refuse each other; a pidfile is never taken from a running master.',
  ),
  install_url: nothing('Modules of pm2 are not for here.'),
  post_update: work(
    'Commands of a deployment stand in the deployment: they end with `tsgunicornc reload --wait`.',
  ),
  vizion: nothing('Version control is not looked at.'),
  windowsHide: nothing('Windows is not supported.'),
  write: nothing('A flag of pm2.'),
  autostart: nothing('Starting at boot is for systemd.'),
  pmx: nothing('Nothing is put into the application. Metrics are at `admin_bind`.'),
  automation: nothing('As `pmx`.'),
  trace: nothing('As `pmx`.'),
  disable_trace: nothing('As `pmx`.'),
  v8: nothing('As `pmx`.'),
  event_loop_inspector: nothing('As `pmx`. A blocked event loop is logged with its stack.'),
  deep_monitoring: nothing('As `pmx`.'),
  io: nothing('As `pmx`.'),
} as const satisfies Options<Pm2App>

export const pm2Options: Options<Pm2App> = rows
