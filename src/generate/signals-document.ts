/** Writes `docs/signals.md`: the signals of the master from its own table, those of workers, and what to know. */
import { type Command, signalNames, signals } from '../arbiter/signals.ts'
import type { CommandName } from '../client/commands.ts'
import { code, document, table } from './markdown.ts'

/** The order of tsgunicornc that asks for the same; a signal without one has no other door. */
const orders: Readonly<Record<Command, readonly [CommandName, string] | undefined>> = {
  reload: ['reload', ''],
  stop: ['stop', ''],
  quit: ['stop', ' --quick'],
  increase: ['scale', ' +1'],
  decrease: ['scale', ' -1'],
  reopen: ['reopen', ''],
  upgrade: ['upgrade', ''],
  winch: undefined,
}

/** Sent to a worker: what a Node process (a worker, or a front of Python workers) does, and what a Python one does. */
const workerTable: ReadonlyArray<readonly [signals: string, node: string, python: string]> = [
  ['`TERM`', 'It is replaced: when its successor is ready it finishes its requests and exits.', 'The same.'],
  [
    '`INT`, `QUIT`',
    '`worker_int`, then it ends at once; what it held is lost. The master starts another.',
    'The same; the clients of its requests get 502.',
  ],
  [
    '`ABRT`',
    '`worker_abort`, then it ends at once with status 1.',
    'The same, and the stacks of all threads are logged.',
  ],
  ['`USR1`', "It opens Node's debugger on 127.0.0.1: do not send it.", 'It reopens its logs.'],
  ['`USR2`', 'Nothing.', 'It logs the stacks of all threads, and goes on.'],
  ['`HUP`, `TTIN`, `TTOU`', 'Nothing.', 'Nothing.'],
]

export const signalsDocument = (): string =>
  document([
    '# Signals',
    `They are sent to the master, whose process id is in the pidfile: \`kill -HUP "$(cat FILE)"\`. They are Gunicorn's.
Signals are judged in the order in which they came. One that arrives while an earlier one is still being served is not
lost: TERM ends a reload, HUP during a reload is a second one after it.`,
    '## To the master',
    table(
      ['signal', 'what it does', 'the same by'],
      signalNames.map((name) => [code(name), signals[name].summary, orderOf(signals[name].command)]),
    ),
    `The orders of [tsgunicornc](tsgunicornc.md) tell the outcome: \`tsgunicornc reload --wait\` ends with 0 only when the
new generation serves, and says why when it does not.`,
    `HUP and USR2 are told in detail in [reload.md](reload.md), TERM in [timeouts.md](timeouts.md). The log has a line
for each signal: \`Handling signal: hup\`. CHLD and the rest of what the system sends need nobody's attention. A second
TERM changes nothing; INT or QUIT during a graceful stop makes it a quick one.`,
    '## To a worker',
    table(['signal', 'a Node worker, or a front', 'a Python worker'], workerTable),
    `A worker that ends by a signal is replaced, whatever the signal; nothing that is sent to workers stops the server.
When TERM goes to all processes of a server at once, as \`systemctl stop\` with \`KillMode=control-group\` and
\`timeout(1)\` do, it is TERM to the master: workers wait for its word, and no request is lost. INT to all at once, as a
terminal sends it for Ctrl-C, is a quick stop.`,
    `An application in Node may have its own listeners of TERM: they are called when its requests are done, not when the
signal comes, and have five seconds.`,
    '## Unlike Gunicorn',
    table(
      ['signal', 'Gunicorn 26', 'tsgunicorn'],
      [
        [
          'HUP',
          'Old workers are told to leave before new ones are ready.',
          'Old ones leave as new ones are ready.',
        ],
        [
          'HUP, and the new configuration or code is broken',
          'The server ends.',
          'It is refused, and the old generation serves on.',
        ],
        ['signals during HUP', 'They wait until all old workers are gone.', 'They are served at once.'],
        ['TERM', 'What waits in the accept queue is reset.', 'It is served.'],
        ['USR2, and `bind` has changed', 'The change is ignored.', 'It is honoured.'],
        ['HUP or USR2 to a worker', 'It dies.', 'The table above.'],
        ['TERM to a worker', 'It leaves, then another is started.', 'Another is ready before it leaves.'],
      ],
    ),
    'Seen with Gunicorn 26.1.',
  ])

const orderOf = (command: Command): string => {
  const order = orders[command]
  if (order === undefined) return ''
  const [name, rest] = order
  return code(`tsgunicornc ${name}${rest}`)
}
