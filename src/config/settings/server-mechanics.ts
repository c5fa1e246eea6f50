/** The processes and what they are to the operating system; whom the server trusts. */
import { accepted, type Checked, type Setting } from '../setting.ts'
import {
  accountKind,
  assignmentKind,
  choice,
  choiceOrBare,
  commaList,
  flag,
  list,
  mapping,
  networkKind,
  octal,
  optional,
  pathKind,
  text,
  textKind,
} from '../setting-kinds.ts'

export const title = 'Server Mechanics'

/** Gunicorn's reading of $SENDFILE: these words are yes, all others no. */
const yes = (word: string): Checked<boolean> =>
  accepted(['y', '1', 'yes', 'true'].includes(word.trim().toLowerCase()))

export const settings = {
  preload_app: flag({
    cli: ['--preload'],
    default: false,
    summary: 'Load the application once, before any worker starts.',
    details: `A Python application is loaded in a process of its own, the mold, and workers are forked from it: within
milliseconds, and they share the memory of what was loaded until they write to it. Threads and connections that the
application makes while it is loaded do not survive the fork: make them in \`post_fork\` or \`post_worker_init\`.

A JavaScript application is loaded once in a process that proves that it loads, and fills the cache of compiled code;
memory is not shared, for V8 cannot be forked.

Workers start only when the loading went well, at the start and at every reload: a broken deployment is found before a
worker is replaced.`,
    gunicorn: {
      differs: 'The application is not loaded in the master, and a reload does load changed code.',
    },
    common: true,
  }),
  sendfile: flag({
    inert: true,
    cli: ['--no-sendfile'],
    constant: false,
    env: 'SENDFILE',
    parseEnv: yes,
    default: true,
    defaultText: 'true, or what $SENDFILE says',
    summary: 'Send files with sendfile(2); the flag turns it off.',
    details:
      'Accepted for the sake of shared configurations. Node sends files its own way, whatever stands here.',
    gunicorn: { differs: '`true` is on; in Gunicorn any value given turns it off.' },
  }),
  reuse_port: flag({
    cli: ['--reuse-port'],
    default: false,
    summary: 'Bind with SO_REUSEPORT.',
    details: `Lets several servers listen on one address. Each socket has its own queue, and what waits in the queue of a
process that dies is lost; leave it off unless you know why not. It needs a Node that can do it (22.12 or newer).`,
  }),
  chdir: text({
    cli: ['--chdir'],
    metavar: 'PATH',
    default: '.',
    defaultText: 'the directory the server was started in',
    summary: 'The directory to change to before the application is loaded.',
    details: `Relative paths of the configuration start from it; the configuration file itself is sought in the directory
the command was given in. When it is a symbolic link that deployments switch, it is
resolved anew at every reload and upgrade. A directory that cannot be entered stops the start.`,
    common: true,
  }),
  daemon: flag({
    cli: ['-D', '--daemon'],
    default: false,
    summary: 'Run in the background.',
    details: `The command returns when the server is ready, with the status of the start. Give \`errorlog\` and \`pidfile\` with
it. Under systemd, in containers and with any other supervisor leave it off: they watch the process they started.`,
    common: true,
  }),
  raw_env: list({
    item: assignmentKind,
    cli: ['-e', '--env'],
    metavar: 'NAME=VALUE',
    default: [],
    summary: 'Variables to put into the environment of master and workers.',
    details: `The flag may be repeated. Secrets given on the command line can be read by every user of the machine: put them
into the environment of the service instead.`,
    common: true,
  }),
  pidfile: optional(pathKind, {
    cli: ['-p', '--pid'],
    metavar: 'FILE',
    summary: "The file for the master's process id.",
    details: `Written when the start begins and removed at the end. The pidfile of a running master is never overwritten; a
stale one is. During an upgrade the new master's is named \`FILE.2\` until the old master has gone.`,
    common: true,
  }),
  worker_tmp_dir: optional(pathKind, {
    metavar: 'DIR',
    cli: ['--worker-tmp-dir'],
    defaultText: "a directory in memory, else the system's for temporary files",
    summary: 'The directory of the heartbeat file.',
    details: `It must exist, and should be in memory (\`/dev/shm\`): on a slow disk, writing a beat can block a worker until
it is taken for hung.`,
  }),
  user: optional(accountKind, {
    cli: ['-u', '--user'],
    metavar: 'USER',
    defaultText: 'the user who starts the server',
    summary: 'The user the workers run as.',
    details: `A name or a number. The master stays as it was started, so it can bind ports below 1024; only root may give
another user. Files that workers write must be writable for this user.`,
  }),
  group: optional(accountKind, {
    cli: ['-g', '--group'],
    metavar: 'GROUP',
    defaultText: 'the group of who starts the server',
    summary: 'The group the workers run as.',
    details: 'A name or a number; only root may give another group.',
  }),
  umask: octal({
    cli: ['-m', '--umask'],
    metavar: 'MODE',
    default: 0,
    summary: 'The bits that are taken from the permissions of unix sockets and of temporary files.',
    details: `With 0, every user may connect to a unix socket; \`0o007\` leaves it to user and group. In files write \`0o007\`,
or the text \`'0007'\`: YAML reads a bare \`0007\` as seven, and a bare \`0022\` as twenty-two.`,
  }),
  initgroups: flag({
    cli: ['--initgroups'],
    default: false,
    summary: 'Give workers all groups of their user.',
    details: 'Without it they have `group` alone. Of use only together with `user`, as root.',
  }),
  tmp_upload_dir: optional(pathKind, {
    inert: true,
    metavar: 'DIR',
    summary: 'A directory for uploads.',
    details: 'Accepted for the sake of shared configurations. Nothing uses it, here or in Gunicorn.',
  }),
  secure_scheme_headers: mapping({
    default: { 'X-FORWARDED-PROTOCOL': 'ssl', 'X-FORWARDED-PROTO': 'https', 'X-FORWARDED-SSL': 'on' },
    summary: 'The headers, and their values, by which a trusted proxy says that the client used https.',
    details: `They are believed from the peers of \`forwarded_allow_ips\` only. Two of them that contradict each other are
answered 400. Name only the header that your proxy really sets and overwrites: one it passes on is the client's word.`,
  }),
  forwarded_allow_ips: commaList({
    item: networkKind,
    cli: ['--forwarded-allow-ips'],
    metavar: 'ADDRESSES',
    env: 'FORWARDED_ALLOW_IPS',
    default: ['127.0.0.1', '::1'],
    defaultText: '127.0.0.1,::1, or $FORWARDED_ALLOW_IPS',
    summary: 'The proxies whose forwarding headers are believed.',
    details: `Addresses and networks (\`10.0.0.0/8\`), or \`*\` for all. Peers on unix sockets are always trusted. Behind a proxy
on another machine, name it here, else the application takes https for http and every client for the proxy.

\`*\` is right only when nothing but the proxy can reach the server; otherwise clients claim what they like.`,
    common: true,
  }),
  pythonpath: optional(textKind, {
    cli: ['--pythonpath'],
    metavar: 'STRING',
    summary: 'Folders in which Python looks for modules first.',
    details: `With commas between them, relative to \`chdir\`. They come before the folder of \`chdir\`, which is searched without
being named. Of no meaning for JavaScript applications.`,
  }),
  paste: optional(textKind, {
    cli: ['--paste', '--paster'],
    metavar: 'STRING',
    summary: 'A PasteDeploy file to take the application from.',
    later: 'PasteDeploy',
  }),
  proxy_protocol: choiceOrBare({
    words: ['off', 'v1', 'v2', 'auto'],
    constant: 'auto',
    cli: ['--proxy-protocol'],
    metavar: 'MODE',
    default: 'off',
    summary: 'Whether connections begin with a PROXY protocol header.',
    details: `The header comes from a balancer that passes connections on as they are (HAProxy's \`send-proxy\` and
\`send-proxy-v2\`, AWS NLB) and names the client, which is then the peer everywhere: in the access log, for the
application, and for \`forwarded_allow_ips\`. \`v1\` is the line of text, \`v2\` the binary header, \`auto\` either. The
flag alone means \`auto\`.

Every peer of \`proxy_allow_ips\` must send it, as the protocol forbids to guess; a connection without it, or with one
that is not in order, is answered 400 and told to the log. Let health checks send it, too (\`check-send-proxy\`), or
come from an address that is not in that list. LOCAL and UNKNOWN keep the address of the balancer.
\`header_timeout\` bounds the wait.`,
    gunicorn: { differs: 'Required of allowed peers, where Gunicorn takes a connection without it, too.' },
  }),
  proxy_allow_ips: commaList({
    item: networkKind,
    cli: ['--proxy-allow-from'],
    metavar: 'ADDRESSES',
    default: ['127.0.0.1', '::1'],
    summary: 'The peers that send PROXY headers.',
    details: `Addresses and networks (\`10.0.0.0/8\`), or \`*\` for all. Peers on unix sockets are always among them. Any other
peer is served as if \`proxy_protocol\` were off: nothing is taken off its connection, and a PROXY header of its own is
a malformed request (400). \`*\` is right only when nothing but the balancer can reach the server; otherwise clients
claim any address they like.`,
    gunicorn: { differs: 'A header from others is answered 400; Gunicorn answers 403.' },
  }),
  protocol: choice({
    words: ['http', 'uwsgi'],
    cli: ['--protocol'],
    metavar: 'STRING',
    default: 'http',
    summary: 'The protocol that is spoken on the listening sockets.',
    later: 'the uwsgi protocol',
  }),
  uwsgi_allow_ips: commaList({
    item: networkKind,
    cli: ['--uwsgi-allow-from'],
    metavar: 'ADDRESSES',
    default: ['127.0.0.1', '::1'],
    summary: 'The peers that may speak uwsgi.',
    later: 'the uwsgi protocol',
  }),
  raw_paste_global_conf: list({
    cli: ['--paste-global'],
    metavar: 'CONF',
    default: [],
    summary: 'Variables for PasteDeploy.',
    later: 'PasteDeploy',
  }),
  permit_obsolete_folding: flag({
    cli: ['--permit-obsolete-folding'],
    default: false,
    summary: 'Accept header fields folded over several lines.',
    details: `RFC 9112 calls such a field (a line that begins with a space continues the one before) invalid, and it is
answered 400; with this setting the lines are joined with one space. Unsafe behind a proxy that reads folding otherwise.
Node-style applications run on node's own HTTP server, whose parser always refuses.`,
  }),
  strip_header_spaces: flag({
    cli: ['--strip-header-spaces'],
    default: false,
    summary: 'Accept spaces between the name of a header and its colon.',
    details: `\`Host : x\` is answered 400, as RFC 9112 demands: a proxy that reads another name than the server can be made to
let requests through unseen. With this setting the spaces are dropped. Gunicorn has deprecated it. Node-style
applications run on node's own HTTP server, whose parser always refuses.`,
  }),
  permit_unconventional_http_method: flag({
    cli: ['--permit-unconventional-http-method'],
    default: false,
    summary: 'Accept methods in small letters, very short and very long ones.',
    details: `Without it a method is 3 to 20 characters long and has neither small letters nor \`#\`; others are answered 400.
Node-style applications run on node's own HTTP server, whose parser knows a fixed list of methods and refuses all others.`,
  }),
  permit_unconventional_http_version: flag({
    cli: ['--permit-unconventional-http-version'],
    default: false,
    summary: 'Accept versions other than 1.0 and 1.1.',
    details: `Others, as HTTP/1.2 or HTTP/3.0, are answered 505 without it. Never of use but in tests. Node-style applications
run on node's own HTTP server, whose parser knows 0.9, 1.0, 1.1 and 2.0 only; of these, this setting lets 2.0 through.`,
  }),
  casefold_http_method: flag({
    cli: ['--casefold-http-method'],
    default: false,
    summary: 'Turn methods into capitals.',
    details: `Methods are case-sensitive (RFC 9110, 9.1), and a proxy that lets \`get\` pass judges another request than the
application sees. Gunicorn has deprecated it. It is of use only with \`permit_unconventional_http_method\`, without which
small letters are answered 400. Node-style applications run on node's own HTTP server, whose parser refuses small letters
in any case.`,
  }),
  forwarder_headers: commaList({
    cli: ['--forwarder-headers'],
    metavar: 'NAMES',
    default: ['SCRIPT_NAME', 'PATH_INFO'],
    summary: 'Headers with an underscore in their name that a trusted proxy may set.',
    details: `Others with an underscore are treated as \`header_map\` says. \`*\` stands for all. Peers are trusted by
\`forwarded_allow_ips\`.`,
  }),
  header_map: choice({
    words: ['drop', 'refuse', 'dangerous'],
    cli: ['--header-map'],
    metavar: 'STRING',
    default: 'drop',
    summary: 'What becomes of headers with an underscore in their name.',
    details: `\`X_Real_IP\` and \`X-Real-IP\` are one name to CGI-like applications, so a client could forge what a proxy sets.
\`drop\` leaves such headers out, \`refuse\` answers 400, \`dangerous\` lets them through.`,
  }),
  root_path: text({
    cli: ['--root-path'],
    metavar: 'STRING',
    default: '',
    summary: 'The path an ASGI application is mounted at.',
    later: 'the ASGI bridge',
  }),
} as const satisfies Record<string, Setting>
