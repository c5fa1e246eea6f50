/** Administration beyond Gunicorn: who may only look, and health and metrics over HTTP. */
import type { Setting } from '../setting.ts'
import { octal, optional, textKind } from '../setting-kinds.ts'

export const settings = {
  control_socket_read_mode: octal({
    gunicorn: false,
    cli: ['--control-socket-read-mode'],
    metavar: 'MODE',
    default: 0,
    defaultText: '0: there is none',
    summary: 'The permissions of a second control socket that only answers questions.',
    details: `Its path is that of the control socket with the ending \`.ro\`. It tells what the other tells, paths of
requests among it, and refuses every command that changes something: \`0o660\` or \`0o666\` lets monitoring look without
being able to harm. The default folder is for the server's own user alone: name a path with \`control_socket\` in one that
they may enter.`,
  }),
  admin_bind: optional(textKind, {
    gunicorn: false,
    cli: ['--admin-bind'],
    metavar: 'ADDRESS',
    summary: 'An address for health checks and metrics, apart from the application.',
    details: `\`HOST:PORT\` or \`unix:PATH\`. The master itself answers there, so that busy or hanging workers neither delay
nor hide anything: \`/livez\` (200 while the master lives and a worker beats), \`/readyz\` (200 while a generation serves,
503 from the moment that TERM arrives), \`/metrics\` (Prometheus) and \`/status\` (JSON). The last two need \`admin_token\`.
Nothing can be changed there.`,
    common: true,
  }),
  agent_check_bind: optional(textKind, {
    gunicorn: false,
    cli: ['--agent-check-bind'],
    metavar: 'ADDRESS',
    summary: "An address that answers HAProxy's agent checks.",
    details: `\`HOST:PORT\` or \`unix:PATH\`. Who connects is told in one line how the server is, by the master itself: \`up
ready 75%\` while it serves, the weight by its load; \`drain\` from the moment that TERM arrives; \`down #REASON\` while no
worker serves. Nothing is read there, and everybody may ask: bind it where only balancers can reach it.`,
  }),
  admin_token: optional(textKind, {
    gunicorn: false,
    cli: ['--admin-token'],
    metavar: 'TEXT',
    env: 'TSGUNICORN_ADMIN_TOKEN',
    defaultText: '$TSGUNICORN_ADMIN_TOKEN; without one, only health checks are answered',
    summary: 'What must be shown to read metrics and status at `admin_bind`.',
    details: `As \`Authorization: Bearer TEXT\`. Give it by the variable or the configuration file: a command line can be
read by every user of the machine.`,
  }),
} as const satisfies Record<string, Setting>
