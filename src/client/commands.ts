/**
 * The table of commands: help, manual page, documents, completion and the reading of the command line come from it.
 * It runs nothing.
 */

export interface FlagSpec {
  /** Without dashes. */
  readonly name: string
  readonly short?: string
  /** Absent: a switch. */
  readonly value?: { readonly name: string; readonly optional?: true; readonly number?: true }
  readonly summary: string
  readonly completes?: 'file' | 'directory'
}

export interface OperandSpec {
  readonly name: string
  readonly optional?: true
  /** What is allowed. */
  readonly words?: readonly string[]
  /** `scale` takes signs. */
  readonly kind?: 'pid' | 'scale'
}

export interface CommandSpec {
  readonly group: 'Look' | 'Change' | 'Examine' | 'Other'
  readonly summary: string
  readonly details?: string
  readonly operands: readonly OperandSpec[]
  readonly flags: readonly FlagSpec[]
  /** What `--json` prints beside `version`: the fields of a type of src/control/status.ts, or a list by its name. */
  readonly json: string
}

const pid: OperandSpec = { name: 'PID', kind: 'pid' }
const wait: FlagSpec = {
  name: 'wait',
  value: { name: 'SECONDS', optional: true, number: true },
  summary: 'Show the progress, and end with the outcome; at most SECONDS (default 90).',
}

/** Seconds that `--wait` waits, and that an answer may take. */
export const defaultWait = 90
export const defaultTimeout = 10

export const commands = {
  status: {
    group: 'Look',
    summary: 'How the server is: its workers, requests and last events.',
    details:
      'CPU is the share of one processor since somebody looked last, and since the start of the process at the first look.',
    operands: [],
    flags: [],
    json: '`Status`',
  },
  top: {
    group: 'Look',
    summary: 'The same, live on the whole screen; keys sort, drain, restart and show stacks.',
    operands: [],
    flags: [],
    json: 'not available: use `status` or `events`',
  },
  requests: {
    group: 'Look',
    summary: 'The requests in flight: worker, method, path, age and phase.',
    operands: [],
    flags: [],
    json: '`requests`: a list of `RequestFact`',
  },
  listeners: {
    group: 'Look',
    summary: 'The listening sockets, and how many connections wait in each.',
    operands: [],
    flags: [],
    json: '`listeners`: a list of `ListenerFact`',
  },
  generations: {
    group: 'Look',
    summary: 'The loadings of the configuration whose workers live.',
    operands: [],
    flags: [],
    json: '`generations`: a list of `GenerationFact`',
  },
  config: {
    group: 'Look',
    summary: 'The configuration that serves.',
    operands: [],
    flags: [
      { name: 'origin', summary: 'Say where each value comes from.' },
      { name: 'diff', summary: 'Only what is not the default.' },
    ],
    json: '`config`: a list of `ConfigFact`',
  },
  metrics: {
    group: 'Look',
    summary: "The metrics, in Prometheus's text.",
    operands: [],
    flags: [],
    json: '`metrics`: the text',
  },
  events: {
    group: 'Look',
    summary: 'What happens, as it happens, until it is interrupted.',
    operands: [],
    flags: [],
    json: '`PublicEvent`, one on each line and without an envelope',
  },
  logs: {
    group: 'Look',
    summary: 'The end of the log files that the configuration names.',
    operands: [],
    flags: [
      {
        name: 'follow',
        short: 'f',
        summary: 'Go on with what is written, also after the files are rotated.',
      },
      {
        name: 'lines',
        short: 'n',
        value: { name: 'N', number: true },
        summary: 'Begin with the last N lines of each file (default 10).',
      },
    ],
    json: '`{ "file": ..., "line": ... }`, one on each line and without an envelope',
  },
  reload: {
    group: 'Change',
    summary: 'Load the configuration and the application anew (HUP).',
    details:
      'With `--wait` it ends with 0 only when the new generation serves. A reload that fails leaves the old workers serving; its reason is shown.',
    operands: [],
    flags: [wait],
    json: '`{ generation, postponed }`; with `--wait` `ReloadOutcome`',
  },
  upgrade: {
    group: 'Change',
    summary: 'Start a new master from the program on disk beside this one (USR2).',
    details:
      'With `--wait` it ends when the new master serves beside the old one. Then `upgrade --complete` ends the old one, or `upgrade --back-out` the new one.',
    operands: [],
    flags: [
      wait,
      { name: 'complete', summary: 'End the old master of an upgrade under way, and wait until it is gone.' },
      { name: 'back-out', summary: 'End the new master of an upgrade under way; the old one serves on.' },
    ],
    json: 'what the master granted; with `--wait` `UpgradeOutcome`',
  },
  scale: {
    group: 'Change',
    summary: 'Set the number of workers, or change it by as many.',
    operands: [{ name: 'N|+N|-N', kind: 'scale' }],
    flags: [],
    json: '`{ before, target }`',
  },
  restart: {
    group: 'Change',
    summary: 'Replace all workers one after the other, or one; successors come first.',
    operands: [{ ...pid, optional: true }],
    flags: [wait],
    json: 'what the master granted',
  },
  drain: {
    group: 'Change',
    summary: 'Let a worker finish its requests and exit; a successor is started at once.',
    operands: [pid],
    flags: [],
    json: 'what the master granted',
  },
  kill: {
    group: 'Change',
    summary: 'Kill a worker: the requests that it holds are lost.',
    operands: [pid],
    flags: [],
    json: 'what the master granted',
  },
  reopen: {
    group: 'Change',
    summary: 'Open the log files anew, after they were rotated (USR1).',
    operands: [],
    flags: [],
    json: 'what the master granted',
  },
  stop: {
    group: 'Change',
    summary: 'Finish the requests in hand and end (TERM).',
    operands: [],
    flags: [{ name: 'quick', summary: 'Do not wait for requests (QUIT).' }, wait],
    json: 'what the master granted; with `--wait` `{ pid, seconds }`',
  },
  stack: {
    group: 'Examine',
    summary: 'What a worker does now: the stack of its JavaScript or of its Python threads.',
    operands: [pid],
    flags: [],
    json: '`StackFact`',
  },
  profile: {
    group: 'Examine',
    summary: 'Profile the processor time or the memory of a worker, into a file on the server.',
    operands: [{ name: 'WHAT', words: ['cpu', 'heap'] }, pid],
    flags: [
      {
        name: 'seconds',
        value: { name: 'N', number: true },
        summary: 'How long `cpu` looks (default 10).',
      },
      {
        name: 'output',
        value: { name: 'DIR' },
        completes: 'directory',
        summary: 'Where the file is to lie (default: the working directory).',
      },
    ],
    json: '`{ file, note }`',
  },
  doctor: {
    group: 'Examine',
    summary: 'Check the machine and the configuration; also without a running server.',
    operands: [],
    flags: [],
    json: '`doctor`: a list of `{ check, state, words, advice }`; state is `ok`, `warning` or `problem`',
  },
  completion: {
    group: 'Other',
    summary: 'Print a completion script for a shell.',
    operands: [{ name: 'SHELL', words: ['bash', 'zsh', 'fish'] }],
    flags: [],
    json: '`completion`: the script',
  },
  help: {
    group: 'Other',
    summary: 'Show all commands, or all there is to say of one.',
    operands: [{ name: 'COMMAND', optional: true }],
    flags: [],
    json: '`help`: the text',
  },
} as const satisfies Record<string, CommandSpec>

export type CommandName = keyof typeof commands

export const commandNames = Object.keys(commands) as readonly CommandName[]

export const isCommandName = (word: string): word is CommandName => Object.hasOwn(commands, word)

/** The command, as the general type. */
export const specOf = (name: CommandName): CommandSpec => commands[name]

export const globalFlags: readonly FlagSpec[] = [
  {
    name: 'socket',
    short: 's',
    value: { name: 'PATH' },
    completes: 'file',
    summary: 'The control socket.',
  },
  {
    name: 'pid',
    short: 'p',
    value: { name: 'FILE' },
    completes: 'file',
    summary: "The server's pidfile.",
  },
  { name: 'json', summary: 'Answer in JSON; errors too, on standard error.' },
  { name: 'color', summary: 'Colours also where there is no terminal.' },
  { name: 'no-color', summary: 'No colours. NO_COLOR in the environment does the same.' },
  {
    name: 'timeout',
    value: { name: 'SECONDS', number: true },
    summary: `How long an answer may take (default ${defaultTimeout}).`,
  },
  { name: 'help', short: 'h', summary: 'Show help, also of one command.' },
  { name: 'version', short: 'v', summary: 'Show the version.' },
]

/** `scale N|+N|-N`, `restart [PID] [--wait[=SECONDS]]`: how a command is written. */
export const synopsis = (name: CommandName): string => {
  const { operands, flags } = specOf(name)
  const words = operands.map((one) => {
    const text = one.words?.join('|') ?? one.name
    return one.optional ? `[${text}]` : text
  })
  return [name, ...words, ...flags.map((flag) => `[${flagForm(flag)}]`)].join(' ')
}

/** `-n, --lines N` is `-n N` in a synopsis: the short form when there is one. */
const flagForm = (flag: FlagSpec): string => {
  const dashed = flag.short === undefined ? `--${flag.name}` : `-${flag.short}`
  if (flag.value === undefined) return dashed
  return flag.value.optional ? `${dashed}[=${flag.value.name}]` : `${dashed} ${flag.value.name}`
}

/** `-n, --lines N`: how a list of flags says it. */
export const flagWords = ({ name, short, value }: FlagSpec): string => {
  const long = `--${name}`
  const both = short === undefined ? long : `-${short}, ${long}`
  if (value === undefined) return both
  return value.optional ? `${both}[=${value.name}]` : `${both} ${value.name}`
}
