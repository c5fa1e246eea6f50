/** What the processes are called. */
import type { Setting } from '../setting.ts'
import { optional, text, textKind } from '../setting-kinds.ts'

export const title = 'Process Naming'

export const settings = {
  proc_name: optional(textKind, {
    cli: ['-n', '--name'],
    metavar: 'STRING',
    defaultText: 'the value of default_proc_name',
    summary: 'The name of this server in process lists.',
    details: `\`ps\` and \`top\` show \`tsgunicorn: master [NAME]\` and \`tsgunicorn: worker [NAME]\`; Python workers keep the
command line of their interpreter. Give it when several servers run on one machine. It also names the server in syslog
lines.`,
  }),
  default_proc_name: text({
    default: 'gunicorn',
    defaultText: 'the application as it was named',
    summary: 'The name when proc_name gives none.',
    details: 'Set by the server from the application; there is seldom a reason to set it.',
  }),
} as const satisfies Record<string, Setting>
