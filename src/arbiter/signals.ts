import type { SignalName } from './state.ts'

/**
 * The master's signals: what each asks for, in the words of the manual (docs/signals.md and the README print
 * this table). Every one is only enqueued when it arrives; `decide` says what it leads to.
 *
 * SIGUSR1 starts Node's debugger and SIGTTIN and SIGTTOU stop a process that does not listen to them: the
 * handlers are installed before anything else (cli/tsgunicorn.ts).
 */
export const signals = {
  SIGHUP: {
    command: 'reload',
    summary:
      'Load the configuration again, boot a new generation of workers, and retire the old one as the new one gets ready. What cannot work is refused, and the old generation serves on.',
  },
  SIGTERM: {
    command: 'stop',
    summary:
      'Graceful shutdown: finish the requests in hand and in the accept queue, then exit with status 0.',
  },
  SIGINT: { command: 'quit', summary: 'Quick shutdown: end the workers at once.' },
  SIGQUIT: { command: 'quit', summary: 'Quick shutdown: end the workers at once.' },
  SIGTTIN: { command: 'increase', summary: 'One worker more.' },
  SIGTTOU: { command: 'decrease', summary: 'One worker less (never below one).' },
  SIGUSR1: { command: 'reopen', summary: 'Reopen the log files, in the master and in all workers.' },
  SIGUSR2: {
    command: 'upgrade',
    summary:
      'Start a new master from the program on disk, on the same sockets; it takes over when the old one is ended by TERM.',
  },
  SIGWINCH: { command: 'winch', summary: 'When daemonized: retire all workers, keep the master.' },
} as const satisfies Record<SignalName, { readonly command: string; readonly summary: string }>

export type Command = (typeof signals)[SignalName]['command']

export const signalNames = Object.keys(signals) as readonly SignalName[]
