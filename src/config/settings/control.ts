/** The control socket. */
import type { Setting } from '../setting.ts'
import { flag, octal, optional, pathKind } from '../setting-kinds.ts'

export const title = 'Control'

export const settings = {
  control_socket: optional(pathKind, {
    cli: ['--control-socket'],
    metavar: 'PATH',
    defaultText: 'a path of this instance, from its pidfile or address',
    summary: 'The unix socket of administration.',
    details: `What \`tsgunicornc\`, Gunicorn's \`gunicornc\` and \`curl --unix-socket\` talk to. The default is a file in
\`$XDG_RUNTIME_DIR/tsgunicorn\`, or in \`tsgunicorn-UID\` below the folder for temporary files; the log says which when the
server starts. During an upgrade the new master's has the ending \`.2\` until the old master is gone.

A socket that another server answers on is left to it. A socket that cannot be made is told of in the log; the server runs
without it.`,
    gunicorn: {
      differs:
        'The default is per instance, so that two servers of one user do not steal it from each other.',
    },
  }),
  control_socket_mode: octal({
    cli: ['--control-socket-mode'],
    metavar: 'MODE',
    default: 0o600,
    defaultText: '0600',
    summary: 'The permissions of the control socket.',
    details:
      'Whoever may write to the socket may stop the server: give it to a group, with `0o660`, but not to all.',
  }),
  control_socket_disable: flag({
    cli: ['--no-control-socket'],
    default: false,
    summary: 'Do without the control socket.',
    details: 'Signals do what they did; `tsgunicornc` cannot reach the server.',
  }),
} as const satisfies Record<string, Setting>
