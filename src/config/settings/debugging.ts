/** Development and inspection. */
import type { Setting } from '../setting.ts'
import { choice, flag, list } from '../setting-kinds.ts'

export const title = 'Debugging'

export const settings = {
  reload: flag({
    cli: ['--reload'],
    default: false,
    summary: 'Replace the workers when the code changes.',
    details: `For development. The files that workers have loaded, the configuration file, and \`reload_extra_files\` are
watched; of a Python application its modules, but not those of the standard library and of site-packages. An application that does not load is reported, and loaded again at the next change. In production reload with
HUP: watching costs time, and a half-copied deployment would be served.`,
    common: true,
  }),
  reload_engine: choice({
    words: ['auto', 'poll', 'inotify'],
    cli: ['--reload-engine'],
    metavar: 'STRING',
    default: 'auto',
    summary: 'How changes are noticed.',
    details: `\`auto\` and \`inotify\` use the events of the system; \`poll\` looks at the files again and again. Poll on
network file systems and on directories mounted into containers or virtual machines, where events do not arrive.`,
  }),
  reload_extra_files: list({
    cli: ['--reload-extra-file'],
    metavar: 'FILES',
    default: [],
    summary: 'More files, directories or globs to watch for reload.',
    details: 'Templates, translations, `.env` files: what the application reads and does not import.',
  }),
  spew: flag({
    cli: ['--spew'],
    default: false,
    summary: 'Print every executed line of Python.',
    later: 'the tracing of Python',
  }),
  check_config: flag({
    cli: ['--check-config'],
    default: false,
    summary: 'Check the configuration and load the application, then exit.',
    details: `Status 0 when all is well, else the status the start would have. Run it before a deployment: it finds wrong
settings, syntax errors and missing modules. No address is bound.`,
    common: true,
  }),
  print_config: flag({
    cli: ['--print-config'],
    default: false,
    summary: 'Print every setting, its value and where it came from, then exit.',
    details: 'Checks as `check_config` does. The way to learn which of file, variable and flag has won.',
    common: true,
  }),
} as const satisfies Record<string, Setting>
