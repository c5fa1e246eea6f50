/** The error log, the access log, and what is sent to syslog and statsd. */
import type { Setting } from '../setting.ts'
import {
  anyKind,
  choice,
  dictionaryKind,
  flag,
  matching,
  optional,
  pathKind,
  text,
  textKind,
} from '../setting-kinds.ts'

export const title = 'Logging'

const hostKind = matching(
  'host and port',
  /^(?:unix:\/\/\S+|(?:\[[\da-fA-F:.]+\]|[^:[\]\s/]+)(?::\d{1,5})?)$/,
  'HOST, HOST:PORT, [IPv6]:PORT or unix://PATH',
)

// biome-ignore format: one name a line says no more
const facilities = [
  'auth', 'authpriv', 'cron', 'daemon', 'ftp', 'kern', 'lpr', 'mail', 'news', 'security', 'syslog', 'user', 'uucp',
  'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7',
] as const

export const settings = {
  accesslog: optional(pathKind, {
    cli: ['--access-logfile'],
    metavar: 'FILE',
    defaultText: 'no access log',
    summary: "The access log's file; - for standard output.",
    details: `A line for each request when it is over. USR1 opens the file anew after it was moved away by logrotate. It costs
some time per request; where a proxy already logs, it can stay off.`,
    common: true,
  }),
  disable_redirect_access_to_syslog: flag({
    cli: ['--disable-redirect-access-to-syslog'],
    default: false,
    summary: 'Keep the access log out of syslog.',
    details: 'With `syslog`, both logs go there unless this is set.',
  }),
  access_log_format: text({
    cli: ['--access-logformat'],
    metavar: 'FORMAT|json',
    default: '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
    summary: 'The form of access log lines.',
    details: `Atoms in \`%(name)s\`:

| atom | meaning |
| --- | --- |
| h | the client's address |
| l | \`-\` |
| u | the user of basic authentication |
| t | the time, as \`[21/Nov/2026:11:23:44 +0000]\` |
| r | method, target and version |
| m, U, q, H | method; path; query; version |
| s | status |
| B, b | bytes of body sent; the same with \`-\` for none |
| f, a | referer; user agent |
| T, M, D, L | duration in seconds, milliseconds, microseconds, decimal seconds |
| p | process id in angle brackets |
| {name}i, {name}o | a header of the request, of the response |
| {name}e | a CGI variable of the request |

The word \`json\` alone makes each line a JSON object, properly escaped. A format that imitates JSON is not: a client could
forge fields through its headers.`,
    gunicorn: { differs: 'The word `json` is ours; control characters are escaped.' },
  }),
  errorlog: text({
    cli: ['--error-logfile', '--log-file'],
    metavar: 'FILE',
    default: '-',
    summary: "The error log's file; - for standard error.",
    details: `Everything the server has to say. USR1 opens the file anew after it was moved away. With \`daemon\`, standard
error leads nowhere: name a file.`,
    common: true,
  }),
  error_log_format: choice({
    words: ['text', 'json'],
    cli: ['--error-log-format'],
    metavar: 'STRING',
    default: 'text',
    summary: 'The form of error log lines.',
    details: "`text` is Gunicorn's line. `json` is one object a line, for collectors that read fields.",
    gunicorn: false,
  }),
  loglevel: choice({
    words: ['debug', 'info', 'warning', 'error', 'critical'],
    cli: ['--log-level'],
    metavar: 'LEVEL',
    default: 'info',
    summary: 'The least serious messages the error log has.',
    details: '`debug` tells every decision of the master, and every request.',
    gunicorn: { differs: 'An unknown level is an error; Gunicorn silently takes `info`.' },
    common: true,
  }),
  capture_output: flag({
    cli: ['--capture-output'],
    default: false,
    summary: 'Send what the application prints to the error log.',
    details: `Standard output and standard error of the workers go to \`errorlog\`'s file; when that is \`-\`, nothing changes.
Without it they go where the server's own do, and with \`daemon\` nowhere.`,
  }),
  logger_class: optional(anyKind, {
    cli: ['--logger-class'],
    metavar: 'STRING',
    summary: 'Nothing: the Python class that logs.',
    details: `Accepted, with a warning, for the sake of shared configurations: the server's logs are not written by Python, so
nothing calls such a class. What the application logs is a matter of \`logconfig\` and its kin; the form of the server's
lines is one of \`error_log_format\` and \`access_log_format\`.`,
    inert: true,
  }),
  logconfig: optional(pathKind, {
    cli: ['--log-config'],
    metavar: 'FILE',
    summary: "A file for Python's logging.config.fileConfig.",
    details: `For what a Python application logs: each worker reads it before the application is loaded. Without it, what
the application logs at its root goes to the error log. The server's own lines are not touched by it: handlers of
\`gunicorn.error\` and \`gunicorn.access\` get what is logged under these names in the workers.`,
    gunicorn: { differs: "The server's own lines are not written by Python's logging." },
  }),
  logconfig_dict: optional(dictionaryKind, {
    summary: "A dictionary for Python's logging.config.dictConfig.",
    details: `As \`logconfig\`, and with plain data in it: classes and streams are named as text (\`ext://sys.stdout\`). Given
several, this one wins over \`logconfig_json\`, and that over \`logconfig\`.`,
    gunicorn: { differs: "The server's own lines are not written by Python's logging." },
  }),
  logconfig_json: optional(pathKind, {
    cli: ['--log-config-json'],
    metavar: 'FILE',
    summary: 'The dictionary of logconfig_dict in a JSON file.',
    details: 'As `logconfig_dict`.',
    gunicorn: { differs: "The server's own lines are not written by Python's logging." },
  }),
  syslog_addr: text({
    cli: ['--log-syslog-to'],
    metavar: 'ADDRESS',
    default: 'udp://localhost:514',
    summary: 'Where syslog messages go.',
    details: `\`udp://HOST:PORT\`, \`tcp://HOST:PORT\`, \`unix://PATH#dgram\` (as \`unix:///dev/log#dgram\`) or
\`unix://PATH#stream\`; \`unix://PATH\` finds out which. Messages that cannot be sent are dropped; serving goes on. Under
journald nothing of this is needed: what goes to standard error carries its level.`,
    gunicorn: { differs: 'UDP on every system; Gunicorn takes a unix socket on macOS and the BSDs.' },
  }),
  syslog: flag({
    cli: ['--log-syslog'],
    default: false,
    summary: 'Send the logs to syslog.',
    details: 'In addition to the files. See `syslog_addr`, and `disable_redirect_access_to_syslog`.',
  }),
  syslog_prefix: optional(textKind, {
    cli: ['--log-syslog-prefix'],
    metavar: 'STRING',
    defaultText: 'proc_name',
    summary: 'The name of the program in syslog messages.',
    details: 'Messages are tagged `gunicorn.PREFIX.error` and `gunicorn.PREFIX.access`.',
  }),
  syslog_facility: choice({
    words: facilities,
    cli: ['--log-syslog-facility'],
    metavar: 'NAME',
    default: 'user',
    summary: 'The syslog facility.',
    details: 'What a syslog server sorts messages by; `local0` to `local7` are free for your use.',
  }),
  enable_stdio_inheritance: flag({
    cli: ['-R', '--enable-stdio-inheritance'],
    default: false,
    summary: 'Keep standard output and error in daemon mode.',
    details: 'Of use with `daemon` when they lead to a file or a pipe; a terminal is let go all the same.',
  }),
  statsd_host: optional(hostKind, {
    cli: ['--statsd-host'],
    metavar: 'HOST:PORT',
    summary: 'The statsd server that metrics are sent to.',
    details: `\`HOST:PORT\` (8125 without a port), by UDP, or \`unix://PATH\`, a socket for datagrams. Requests, their
durations and statuses, the number of workers, and log messages by level are counted. Datagrams that are lost are lost;
serving never waits for them.`,
  }),
  dogstatsd_tags: text({
    cli: ['--dogstatsd-tags'],
    metavar: 'TAGS',
    default: '',
    summary: 'Tags of Datadog, with commas between them, for every metric.',
    details: 'Plain statsd servers do not understand tags: leave it empty for them.',
  }),
  statsd_prefix: text({
    cli: ['--statsd-prefix'],
    metavar: 'STRING',
    default: '',
    summary: 'Put before the name of every metric, with a dot between.',
    details: 'Keeps the metrics of several servers apart.',
  }),
  enable_backlog_metric: flag({
    cli: ['--enable-backlog-metric'],
    default: false,
    summary: 'Measure how many connections wait to be accepted.',
    details:
      'Sent to statsd as `gunicorn.backlog`, on Linux. A number that stays above 0 asks for more workers.',
  }),
} as const satisfies Record<string, Setting>
