/**
 * What docs/errors.md says of each code beyond `src/errors.ts`: why it happens, and what to do. It stands apart because
 * the catalogue itself is a part of every start.
 */
import type { SettingName } from '../config/settings/index.ts'
import type { ErrorCode } from '../errors.ts'

export interface Explanation {
  readonly cause: string
  readonly cure: string
  /** The settings that it is about, if there are any in particular. */
  readonly settings?: readonly SettingName[]
}

export const explanations = {
  TSG_USAGE: {
    cause:
      'A flag that does not exist, a flag without its value, a value that is not even of the type, or two meanings.',
    cure: 'The message names the flag and, where one is near, the flag that was meant. `tsgunicorn --help=all` lists all.',
  },
  TSG_CONFIG_NOT_FOUND: {
    cause:
      'The file that `-c` names is not there, may not be read, or has an ending that no configuration has.',
    cure: 'Check the path: it is relative to the directory the program was started in, not to `chdir`.',
    settings: ['config', 'chdir'],
  },
  TSG_CONFIG_SYNTAX: {
    cause: 'The file is not TypeScript, JavaScript, JSON, YAML or Python, whichever its ending says.',
    cure: 'The message has the line and the column. `tsgunicorn --check-config` tells without a start.',
    settings: ['config'],
  },
  TSG_CONFIG_THREW: {
    cause: 'The code of the file threw, or a package that it imports is not installed.',
    cure: 'The place in the file is in the message, the stack below it. Packages are sought beside the file.',
    settings: ['config'],
  },
  TSG_CONFIG_SHAPE: {
    cause: 'The file exports something else than settings, nothing at all, or a setting twice.',
    cure: 'Export an object, a function that returns one, or the settings by name. `tsgunicorn init` writes an example.',
    settings: ['config'],
  },
  TSG_SETTING_UNKNOWN: {
    cause: 'A name in the configuration file is no setting.',
    cure: 'The message suggests the nearest name. Code of your own in the file is not exported, or has another name.',
  },
  TSG_SETTING_INVALID: {
    cause: 'A value is of another type or out of bounds, or two settings exclude each other.',
    cure: 'The message says where the value comes from and what is allowed. `tsgunicorn --help=NAME` tells all of a setting.',
  },
  TSG_SETTING_LATER: {
    cause:
      "The name is one of Gunicorn's, and the server has no such part yet: it would be ignored in silence.",
    cure: 'Remove the setting. The manual says of each such setting what it waits for.',
    settings: ['http_protocols', 'protocol', 'paste'],
  },
  TSG_ENVIRONMENT: {
    cause:
      'A variable that gives a default (`PORT`, `WEB_CONCURRENCY` ...), `GUNICORN_CMD_ARGS` or `GUNICORN_FD` is wrong.',
    cure: 'Correct the variable, or unset it. The settings name the variables that they read.',
    settings: ['workers', 'bind'],
  },
  TSG_ADDRESS_INVALID: {
    cause:
      'The text is no address, its host name is unknown, or an inherited descriptor is not a listening socket.',
    cure: 'Use `HOST:PORT`, `[IPv6]:PORT`, `unix:PATH` or `fd://N`.',
    settings: ['bind', 'admin_bind'],
  },
  TSG_ADDRESS_IN_USE: {
    cause:
      'Another process listens on the address; a start tries five times, a second apart, before it gives up.',
    cure: 'The message names the process where it can be found. Stop it, or bind another address.',
    settings: ['bind', 'reuse_port'],
  },
  TSG_ADDRESS_REFUSED: {
    cause:
      'A port below 1024 without the right to it, an address of another machine, a missing directory, a file in the way.',
    cure: 'The message says which, with the name of the system error. systemd can [pass the socket](systemd.md).',
    settings: ['bind', 'admin_bind', 'control_socket'],
  },
  TSG_PIDFILE_OWNED: {
    cause: 'The process that the pidfile names is a server that runs.',
    cure: 'Stop that server, or give this one another pidfile. One that was left behind is replaced and never refused.',
    settings: ['pidfile'],
  },
  TSG_PIDFILE_UNWRITABLE: {
    cause: "The pidfile's directory is missing, or the user that starts the server may not write there.",
    cure: 'Create the directory, or choose another one. Under systemd, `RuntimeDirectory=` makes one.',
    settings: ['pidfile'],
  },
  TSG_PRIVILEGES: {
    cause: 'The user or the group has no entry on this machine, or the server was not started by root.',
    cure: "Create the user, or start as root, or leave the settings out and let systemd's `User=` do it.",
    settings: ['user', 'group'],
  },
  TSG_CHDIR: {
    cause: 'The directory does not exist, may not be entered, or was removed by a deployment.',
    cure: 'Check the path. Where releases come and go, name the symbolic link that leads to the current one.',
    settings: ['chdir'],
  },
  TSG_LOG_UNWRITABLE: {
    cause: "A log's directory is missing, or the user of the server may not write the file.",
    cure: 'Create the directory with the right owner. `-` stands for the standard streams.',
    settings: ['errorlog', 'accesslog', 'capture_output'],
  },
  TSG_HOOK_FAILED: {
    cause: 'Certificates, keys or options that the hook fetches or makes were not to be had.',
    cure: 'Mend the hook; its stack is below the message. Failures of other hooks are in the log under their own names.',
    settings: ['ssl_context'],
  },
  TSG_PLATFORM: {
    cause:
      'This Node, this operating system or a missing optional package cannot do what the setting asks for.',
    cure: 'The message says what is needed, and what to use without it.',
    settings: ['reuse_port', 'syslog_addr', 'statsd_host', 'daemon'],
  },
  TSG_WORKER_BOOT: {
    cause:
      'The process that loads the application first (`preload_app`) ended, or failed, before it was loaded.',
    cure: 'What it wrote is in the log above. A module that calls `process.exit()` while it is loaded ends it, too.',
    settings: ['preload_app', 'boot_timeout'],
  },
  TSG_APP_NOT_FOUND: {
    cause:
      'No file, folder or package has this name in `chdir`; or a JavaScript and a Python module both have it.',
    cure: 'The log lists what was tried, and the name that is near. Name the file with its ending.',
    settings: ['wsgi_app', 'chdir', 'app_type'],
  },
  TSG_APP_THREW: {
    cause: 'Code of the application, or of something that it imports, threw while it was loaded.',
    cure: "The stack below the message ends at the application's own frames.",
    settings: ['wsgi_app'],
  },
  TSG_APP_NO_LISTEN: {
    cause: 'The module exports nothing that looks like an application, and calls no `listen()` either.',
    cure: 'Export the application, or let the script call `server.listen()`.',
    settings: ['wsgi_app', 'app_type'],
  },
  TSG_APP_ATTRIBUTE: {
    cause: 'What stands behind the colon is not exported, is not a name or a call, or cannot be called.',
    cure: 'The log lists what the module exports, and what each of it looks like.',
    settings: ['wsgi_app'],
  },
  TSG_APP_SHAPE: {
    cause:
      "What is exported is no handler, no framework's application, no object with `fetch` and no factory.",
    cure: 'Name the export that is meant (`app.js:server`), or say with `app_type` how it is to be taken.',
    settings: ['wsgi_app', 'app_type'],
  },
  TSG_CONFIG_APP: {
    cause: 'The same as the codes `TSG_APP_...`, found by `--check-config` or `--print-config`.',
    cure: 'The message is what a worker would have said. The configuration itself is in order.',
    settings: ['check_config', 'print_config', 'wsgi_app'],
  },
  TSG_NO_APP: {
    cause: 'Neither the command line nor the configuration names an application.',
    cure: 'Give it on the command line, or set `wsgi_app`.',
    settings: ['wsgi_app'],
  },
  TSG_PYTHON: {
    cause:
      'A Python application, or `gunicorn.conf.py`, needs an interpreter, and none of those tried is 3.9 or newer.',
    cure: 'Name one with `--python`: a path, a name, or the folder of a virtual environment.',
    settings: ['python'],
  },
  TSG_WORKER_UNKNOWN: {
    cause: 'The worker has ended meanwhile, or the pid is that of another process.',
    cure: '`tsgunicornc status` lists the workers that there are.',
  },
  TSG_PROFILE: {
    cause: 'The worker is busy with another profile, ended meanwhile, or its language has no such profile.',
    cure: 'The message says which. The directory is one of the machine of the server, absolute, and writable for its workers.',
  },
  TSG_TLS: {
    cause:
      'A file is missing, unreadable or no PEM, a key does not fit its certificate, or no cipher has the name.',
    cure: 'The message names the setting and the file. A reload with such a file leaves the certificates in force.',
    settings: ['certfile', 'keyfile', 'ca_certs', 'ciphers', 'sni_certs'],
  },
} as const satisfies Record<ErrorCode, Explanation>
