/** The control socket. */
import type { Setting } from '../setting.ts'
import { flag, octal, optional, pathKind } from '../setting-kinds.ts'

export const title = 'Control'

const notYet =
  'The control socket comes with administration; until then the setting is accepted and does nothing.'

export const settings = {
  control_socket: optional(pathKind, {
    inert: true,
    cli: ['--control-socket'],
    metavar: 'PATH',
    defaultText: 'a path of this instance, from its pidfile or address',
    summary: 'The unix socket of administration.',
    details: `${notYet} Name it when several instances must be told apart by hand.`,
    gunicorn: {
      differs:
        'The default is per instance, so that two servers of one user do not steal it from each other.',
    },
  }),
  control_socket_mode: octal({
    inert: true,
    cli: ['--control-socket-mode'],
    metavar: 'MODE',
    default: 0o600,
    defaultText: '0600',
    summary: 'The permissions of the control socket.',
    details: `${notYet} Whoever may write to the socket may stop the server.`,
  }),
  control_socket_disable: flag({
    inert: true,
    cli: ['--no-control-socket'],
    default: false,
    summary: 'Do without the control socket.',
    details: notYet,
  }),
} as const satisfies Record<string, Setting>
